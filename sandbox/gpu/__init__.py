"""Stand-ins of EC2 and of the GPU hosts that its instances boot."""
