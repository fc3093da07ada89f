"""Runs `asyncio-ts top PID` on a terminal of 80x24, ends it, and prints what became of the terminal as JSON."""
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time

PID, HOW = os.environ["TOP_PID"], os.environ["TOP_HOW"]

shell, terminal = pty.fork()
if shell == 0:
    # Not as the first process of the terminal: it would hang up when that ends.
    os.execvp("sh", ["sh", "-c", f"{os.environ['TOP_NODE']} dist/cli.js top {PID}; echo status $?; read _"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(terminal)
output = b""


def wait_for(is_so, seconds=20):
    global output
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            output += os.read(terminal, 65536)


wait_for(lambda: b"%TIME" in output and not termios.tcgetattr(terminal)[3] & termios.ICANON)
is_raw = not termios.tcgetattr(terminal)[3] & termios.ICANON
looker = int(subprocess.check_output(["pgrep", "-P", str(shell)]).split()[0])
drawn = output
if HOW in ("q", "\x03"):
    os.write(terminal, HOW.encode())
elif HOW == "end of the process":
    os.kill(int(PID), signal.SIGKILL)
else:
    os.kill(looker, getattr(signal, HOW))
wait_for(lambda: b"status" in output and output.count(b"\x1b[?1049l") > 0 and termios.tcgetattr(terminal) == before)
print(
    json.dumps(
        {
            "raw": is_raw,
            "same": termios.tcgetattr(terminal) == before,
            "left": output.count(b"\x1b[?1049h") == output.count(b"\x1b[?1049l"),
            "status": int(output.split(b"status ")[1].split()[0]),
            "screen": drawn.decode().split("\x1b[H")[-1],
            "output": output[len(drawn) :].decode().split("\x1b[?1049l")[-1],
        }
    )
)
