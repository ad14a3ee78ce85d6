"""The watch on the GPU host: it powers the machine off, and ends a training that hangs.

It needs neither the pipeline nor a network: whatever else is down, the bill ends. It has nothing but
Python's standard library, from 3.10 on, and runs as root under systemd (`sightscan-host.service`);
`python -m trainer.host.user_data` prints the cloud-init user data that installs it. EC2's "shutdown
behaviour" of the instance must be `stop`.
"""
