"""Entry of lab/lab; `connect` takes a short way because ssh runs it once per connection."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

if sys.argv[1:2] == ["connect"] or (sys.argv[1:2] == ["--name"] and sys.argv[3:4] == ["connect"]):
    from machine_room.connect import main
elif sys.argv[1:2] == ["supervise"]:
    from machine_room.supervisor import main
else:
    from machine_room.cli import main

sys.exit(main(sys.argv[1:]))
