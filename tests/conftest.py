"""What all tests need. A run in the background starts with SIGINT ignored, and children inherit that: Ctrl-C is tested
as a terminal sends it."""

from __future__ import annotations

import signal
import threading

if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
