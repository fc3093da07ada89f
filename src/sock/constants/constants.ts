/**
 * The numbers of Python's `socket` module, with Linux's values on every system: they name
 * things here, and no driver hands one to a foreign kernel unseen.
 */

/** Any family. */
export const AF_UNSPEC = 0;
/** Sockets of this machine, with paths for addresses. */
export const AF_UNIX = 1;
/** IPv4: `[host, port]`. */
export const AF_INET = 2;
/** IPv6: `[host, port, flowinfo, scopeid]`. */
export const AF_INET6 = 10;

/** A stream of bytes, as TCP. */
export const SOCK_STREAM = 1;
/** Datagrams, as UDP. */
export const SOCK_DGRAM = 2;
/** Packets of the network itself; no driver has them. */
export const SOCK_RAW = 3;
/** Datagrams in order; no driver has them. */
export const SOCK_SEQPACKET = 5;
/** May be or-ed into a type, and changes nothing but the `blocking` flag. */
export const SOCK_NONBLOCK = 0o4000;
/** May be or-ed into a type, and changes nothing: Node opens all descriptors so. */
export const SOCK_CLOEXEC = 0o2000000;

/** The level of options that all sockets have. */
export const SOL_SOCKET = 1;
/** The level of IPv4 options. */
export const SOL_IP = 0;
/** The level of TCP options. */
export const SOL_TCP = 6;
/** The level of UDP options. */
export const SOL_UDP = 17;

/** Has the system record what happens. */
export const SO_DEBUG = 1;
/** Lets an address be bound that is in use only by connections on their way out. */
export const SO_REUSEADDR = 2;
/** The type, to read. */
export const SO_TYPE = 3;
/** The error that waits, to read; reading clears it. */
export const SO_ERROR = 4;
/** Sends to this network only. */
export const SO_DONTROUTE = 5;
/** Lets datagrams go to all. */
export const SO_BROADCAST = 6;
/** The size of the queue of bytes to send, in bytes. */
export const SO_SNDBUF = 7;
/** The size of the queue of received bytes, in bytes. */
export const SO_RCVBUF = 8;
/** Asks a silent peer from time to time whether it is there. */
export const SO_KEEPALIVE = 9;
/** Puts urgent bytes among the others. */
export const SO_OOBINLINE = 10;
/** What close() does with bytes that are not sent: two ints, on and seconds; on with 0 resets the connection. */
export const SO_LINGER = 13;
/** Lets several sockets share a port. */
export const SO_REUSEPORT = 15;
/** Bytes from which a socket counts as readable. */
export const SO_RCVLOWAT = 18;
/** Bytes from which a socket counts as writable. */
export const SO_SNDLOWAT = 19;
/** The time limit of a receive that blocks. */
export const SO_RCVTIMEO = 20;
/** The time limit of a send that blocks. */
export const SO_SNDTIMEO = 21;
/** Does the socket listen? To read. */
export const SO_ACCEPTCONN = 30;
/** The protocol, to read. */
export const SO_PROTOCOL = 38;
/** The family, to read. */
export const SO_DOMAIN = 39;

/** IPv4. */
export const IPPROTO_IP = 0;
/** ICMP. */
export const IPPROTO_ICMP = 1;
/** TCP. */
export const IPPROTO_TCP = 6;
/** UDP. */
export const IPPROTO_UDP = 17;
/** IPv6. */
export const IPPROTO_IPV6 = 41;

/** Sends small pieces at once. */
export const TCP_NODELAY = 1;
/** The longest segment, in bytes. */
export const TCP_MAXSEG = 2;
/** Sends only full segments. */
export const TCP_CORK = 3;
/** Seconds of silence before the peer is asked. */
export const TCP_KEEPIDLE = 4;
/** Seconds between two askings. */
export const TCP_KEEPINTVL = 5;
/** Askings before the connection is given up. */
export const TCP_KEEPCNT = 6;
/** Acknowledges at once. */
export const TCP_QUICKACK = 12;
/** Milliseconds that sent bytes may stay unacknowledged. */
export const TCP_USER_TIMEOUT = 18;

/** The type of service. */
export const IP_TOS = 1;
/** How many routers a packet may pass. */
export const IP_TTL = 2;
/** The interface that multicasts go out by. */
export const IP_MULTICAST_IF = 32;
/** How many routers a multicast may pass. */
export const IP_MULTICAST_TTL = 33;
/** Do own multicasts come back? */
export const IP_MULTICAST_LOOP = 34;
/** Joins a group. */
export const IP_ADD_MEMBERSHIP = 35;
/** Leaves a group. */
export const IP_DROP_MEMBERSHIP = 36;

/** How many routers a packet may pass. */
export const IPV6_UNICAST_HOPS = 16;
/** The interface that multicasts go out by. */
export const IPV6_MULTICAST_IF = 17;
/** How many routers a multicast may pass. */
export const IPV6_MULTICAST_HOPS = 18;
/** Do own multicasts come back? */
export const IPV6_MULTICAST_LOOP = 19;
/** Joins a group. */
export const IPV6_JOIN_GROUP = 20;
/** Leaves a group. */
export const IPV6_LEAVE_GROUP = 21;
/** Keeps IPv4 off a socket of IPv6. */
export const IPV6_V6ONLY = 26;

/** Ends receiving. */
export const SHUT_RD = 0;
/** Ends sending. */
export const SHUT_WR = 1;
/** Ends both. */
export const SHUT_RDWR = 2;

/** The longest queue of connections that the system keeps. */
export const SOMAXCONN = 4096;

/** For bind(): no host means any. */
export const AI_PASSIVE = 0x0001;
/** Asks for the canonical name; it stays empty here. */
export const AI_CANONNAME = 0x0002;
/** Looks nothing up: the host must be a number. */
export const AI_NUMERICHOST = 0x0004;
/** IPv4 addresses in the form of IPv6, if there are no others. */
export const AI_V4MAPPED = 0x0008;
/** With AI_V4MAPPED: these too. */
export const AI_ALL = 0x0010;
/** Only families that this machine has. */
export const AI_ADDRCONFIG = 0x0020;
/** The port must be a number. */
export const AI_NUMERICSERV = 0x0400;

/** The number of the host will do. */
export const NI_NUMERICHOST = 1;
/** The number of the port will do. */
export const NI_NUMERICSERV = 2;
/** Leaves the domain out. */
export const NI_NOFQDN = 4;
/** Fails where there is no name. */
export const NI_NAMEREQD = 8;
/** Means a service of UDP. */
export const NI_DGRAM = 16;
/** The names of hosts may have letters of all scripts. */
export const NI_IDN = 32;
/** The longest name of a host. */
export const NI_MAXHOST = 1025;
/** The longest name of a service. */
export const NI_MAXSERV = 32;

/** Bad value for the flags. */
export const EAI_BADFLAGS = -1;
/** Name or service not known. */
export const EAI_NONAME = -2;
/** Temporary failure in name resolution. */
export const EAI_AGAIN = -3;
/** Failure in name resolution that will not pass. */
export const EAI_FAIL = -4;
/** No address for the name. */
export const EAI_NODATA = -5;
/** The family is not supported. */
export const EAI_FAMILY = -6;
/** The type is not supported. */
export const EAI_SOCKTYPE = -7;
/** The service is not known for the type. */
export const EAI_SERVICE = -8;
/** The name has no address of the family. */
export const EAI_ADDRFAMILY = -9;
/** Out of memory. */
export const EAI_MEMORY = -10;
/** A failure of the system. */
export const EAI_SYSTEM = -11;
/** An argument was too long. */
export const EAI_OVERFLOW = -12;
