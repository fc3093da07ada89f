"""Random messages with ancillary data: what is received of them, with random room for it."""
import array
import os
import socket
import warnings

warnings.simplefilter('ignore')
STEPS = 150
state = 20261128


def below(n):
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 8) % n


def target(fd):
    try:
        return os.readlink(f'/proc/self/fd/{fd}')
    except OSError:
        return None


def open_count():
    return sum(target(fd) == '/dev/null' for fd in os.listdir('/proc/self/fd'))


def attempt(call, *args):
    try:
        return call(*args)
    except OSError as error:
        return f'OSError {error.errno}'


def received(ancdata):
    """Prints items by what does not depend on the numbers of descriptors, and closes these."""
    texts = []
    for level, kind, data in ancdata:
        text = f'{level} {kind} {len(data)}'
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds = array.array('i')
            fds.frombytes(data[:len(data) - len(data) % 4])
            for fd in fds:
                os.close(fd)
        elif level != socket.SOL_SOCKET:
            text += f' {data.hex()}'
        texts.append(text)
    return ', '.join(texts)


def rights(fds):
    count = below(6)
    data = array.array('i', fds[:count]).tobytes()
    if below(6) == 0:
        data += bytes(below(4))
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, data)


def of_ipv6(fds):
    kind = [socket.IPV6_HOPLIMIT, socket.IPV6_TCLASS, 99][below(20) and below(2) or below(3)]
    size = 4 if below(8) else below(9)
    return (socket.IPPROTO_IPV6, kind, (1 + below(60)).to_bytes(4, 'little').ljust(8, b'\0')[:size])


def of_ipv4(fds):
    kind = [2, 1, socket.IP_RETOPTS][below(10) and below(2)]
    size = 4 if below(8) else below(9)
    return (socket.IPPROTO_IP, kind, (1 + below(60)).to_bytes(4, 'little').ljust(8, b'\0')[:size])


def unix(kind):
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    return one, other


def udp(family, host, options):
    one, other = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
    other.bind((host, 0))
    one.connect(other.getsockname())
    for level, option in options:
        other.setsockopt(level, option, 1)
    return one, other


KINDS = [
    ('stream', rights, lambda: unix(socket.SOCK_STREAM)),
    ('datagram', rights, lambda: unix(socket.SOCK_DGRAM)),
    ('IPv6', of_ipv6, lambda: udp(socket.AF_INET6, '::1', [
        (socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT),
        (socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS),
    ])),
    ('IPv4', of_ipv4, lambda: udp(socket.AF_INET, '127.0.0.1', [
        (socket.IPPROTO_IP, 12),
        (socket.IPPROTO_IP, socket.IP_RECVTOS),
    ])),
]

FLAGS = [0, 0, 0, socket.MSG_PEEK, socket.MSG_DONTWAIT, socket.MSG_TRUNC, socket.MSG_WAITALL,
         socket.MSG_CMSG_CLOEXEC]

for kind, item, make in KINDS:
    print('kind', kind)
    one, other = make()
    for sock in (one, other):
        sock.setblocking(False)
    fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(6)]
    before = open_count()
    for step in range(STEPS):
        line = f'{step}:'
        if kind == 'stream' or kind == 'datagram':
            if below(40) == 0:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, below(2))
        for _ in range(below(3)):
            size = below(12)
            buffers = [bytes(below(5)) for _ in range(below(3))] + [bytes(size)]
            items = [item(fds) for _ in range(below(3))]
            sent = attempt(one.sendmsg, buffers, items, [0, 0, socket.MSG_DONTWAIT][below(3)])
            line += f' sent {sent}'
        way, size, room, flags = below(5), below(30), below(80), FLAGS[below(len(FLAGS))]
        if way == 0:
            got = attempt(other.recv, size or 1, flags & ~socket.MSG_TRUNC)
            line += f' recv {got if isinstance(got, str) else len(got)}'
        elif way == 1:
            buffers = [bytearray(below(10)) for _ in range(1 + below(3))]
            got = attempt(other.recvmsg_into, buffers, room, flags)
        else:
            got = attempt(other.recvmsg, size, room, flags & ~socket.MSG_TRUNC)
            if not isinstance(got, str):
                got = (len(got[0]), *got[1:])
        if way != 0:
            if not isinstance(got, str):
                nbytes, ancdata, told, address = got
                told &= ~socket.MSG_CMSG_CLOEXEC
                got = f'{nbytes} ({received(ancdata)}) {told} {"None" if address is None else address[0]}'
            line += f' recvmsg {got}'
        print(line)
    print('open', open_count() - before)
    one.close()
    other.close()
    for fd in fds:
        os.close(fd)
