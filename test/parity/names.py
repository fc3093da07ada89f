"""Numbers for hosts, ports and flags, odd ones too: what getaddrinfo() and getnameinfo() take."""
import json
import socket

with open('test/parity/fixtures/names.json') as file:
    CASES = json.load(file)

# What asyncio-ts has drivers for: TCP and UDP.
KINDS = [(1, 6), (2, 17)]
HOSTS = ['127.0.0.1', '::1', None]


def attempt(call, *args):
    try:
        return call(*args)
    except socket.gaierror as error:
        return f'gaierror {error.args[0]}'


def addresses(host, port, family=0, type=0, proto=0, flags=0):
    found = attempt(socket.getaddrinfo, host, port, family, type, proto, flags)
    if not isinstance(found, str):
        found = ' '.join(f'{int(f)} {int(t)} {p} {a}' for f, t, p, _, a in found if (t, p) in KINDS)
    print(json.dumps([host, port, family, type, proto, flags]), found)


for host in CASES['hosts']:
    for family in (0, 2, 10):
        for flags in (4, 5, 12):
            addresses(host, 80, family, 1, 0, flags)
for port in CASES['ports']:
    addresses('127.0.0.1', port, 0, 1)
    addresses('::1', port, 2, 1)
    addresses(None, port, 0, 1)
for host in HOSTS:
    for family in (1, 99, -1):
        addresses(host, 80, family, 1)
    for flags in CASES['flags']:
        addresses(host, 80, 10, 1, 0, flags)
        addresses(host, 80, 0, 1, 0, flags)
        addresses(host, '1x', 0, 1, 0, flags)
    for type, proto in CASES['kinds']:
        addresses(host, 80, 0, type, proto)
for address in CASES['addresses']:
    for flags in CASES['nameFlags']:
        print(json.dumps(address), flags, attempt(socket.getnameinfo, tuple(address), flags))
