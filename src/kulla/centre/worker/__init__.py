"""The centre's worker: what lies in the inbox becomes events in the lake and alerts in the queue; and the schedule."""
