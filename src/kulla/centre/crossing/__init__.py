"""What one zone may learn of another: that there is somebody to ask, and only when the other says so."""
