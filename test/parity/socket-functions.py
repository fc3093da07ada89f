"""The functions of the socket module that need no socket: what they give, and what they refuse."""
import socket

NAMES = {'OverflowError': 'RangeError', 'ValueError': 'RangeError', 'UnicodeError': 'RangeError'}
state = 7


def below(n):
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 8) % n


def form(value):
    return value.hex() if isinstance(value, bytes) else value


def attempt(name, *args):
    try:
        print(name, form(getattr(socket, name)(*args)))
    except OSError as error:
        print(name, 'OSError', error)
    except Exception as error:
        print(name, NAMES.get(type(error).__name__, type(error).__name__))


# Addresses, most of them almost right.
PARTS = ['0', '1', '01', '08', '0x1f', '0X1F', '255', '256', '65535', '65536', '16777215', '16777216',
         '4294967295', '4294967296', '', ' ', '-1', '+1', '1e2', 'a', '0x', '1 ', '1\n', '\t1', '00', '1_0']
for part in PARTS:
    attempt('inet_aton', part)
for _ in range(100):
    text = '.'.join(PARTS[below(len(PARTS))] for _ in range(1 + below(5)))
    attempt('inet_aton', text)
    attempt('inet_pton', 2, text)
GROUPS = ['0', '1', 'ffff', 'FFFF', '00a', '0000', '00000', '12345', 'g', '', '', '', '1.2.3.4', '1.2.3', '%lo']
for _ in range(200):
    attempt('inet_pton', 10, ':'.join(GROUPS[below(len(GROUPS))] for _ in range(1 + below(9))))
for _ in range(60):
    other = below(20)
    length = [4, 16, 16, 16, other][below(5)]
    data = bytes(below(256) if below(2) else 0 for _ in range(length))
    attempt('inet_ntoa', data)
    attempt('inet_ntop', 2, data)
    attempt('inet_ntop', 10, data)
for data in (bytes(10) + b'\xff\xff\1\2\3\4', bytes(12) + b'\1\2\3\4', bytes(12) + b'\0\0\0\1', bytes(14) + b'\1\2'):
    attempt('inet_ntop', 10, data)
for family in (0, 1, 3, 99, -1):
    attempt('inet_pton', family, '1.2.3.4')
    attempt('inet_ntop', family, b'\1\2\3\4')
for wrong in (5, None):
    attempt('inet_aton', wrong)
    attempt('inet_ntoa', wrong)
    attempt('inet_pton', 2, wrong)
    attempt('inet_ntop', 2, wrong)
attempt('inet_aton', '1.2.3.4\0')
attempt('inet_pton', 2, '1.2.3.4\0')

# Byte order, and room for ancillary data.
NUMBERS = [0, 1, 0x1234, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xdeadbeef, 2**32 - 1, 2**32, -1, 'a']
for name in ('htons', 'ntohs', 'htonl', 'ntohl', 'CMSG_LEN', 'CMSG_SPACE'):
    for number in NUMBERS:
        attempt(name, number)
for off in range(30):
    attempt('CMSG_LEN', 0x7fffffff - off)
    attempt('CMSG_SPACE', 0x7fffffff - off)
    attempt('CMSG_LEN', off)
    attempt('CMSG_SPACE', off)

# Services and protocols of no file of names.
for name in ('nope', '', 'http\0'):
    for proto in ((), ('tcp',), ('nope',)):
        attempt('getservbyname', name, *proto)
    attempt('getprotobyname', name)
for port in (-1, 65536, 2**40, 'a', None):
    attempt('getservbyport', port)
attempt('getservbyport', 80, 'nope')
attempt('getservbyname', 5)
attempt('getprotobyname', 5)

# Interfaces.
for name in ('lo', 'nope', '', '.', '..', '../net/lo', 'lo/', 'lo\0', 5):
    attempt('if_nametoindex', name)
for index in (1, 0, 99999, 'lo'):
    attempt('if_indextoname', index)

# Descriptors that are none.
for fd in (-1, 99999, 2**31 - 1, 2**31, 'a', None):
    attempt('close', fd)
    attempt('dup', fd)
