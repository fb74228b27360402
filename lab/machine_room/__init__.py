"""The machine room: real systemd hosts of an Ansible inventory, on this machine, in namespaces of their own."""
