/**
 * The constants of Python's `socket` module, with Linux's values on every system. They are only
 * names here: the drivers translate them for other kernels.
 */

/** Any family. */
export const AF_UNSPEC = 0;
/** Local sockets, whose addresses are paths. */
export const AF_UNIX = 1;
/** IPv4: `[host, port]`. */
export const AF_INET = 2;
/** IPv6: `[host, port, flowinfo, scopeid]`. */
export const AF_INET6 = 10;

/** A stream of bytes, like TCP. */
export const SOCK_STREAM = 1;
/** Datagrams, like UDP. */
export const SOCK_DGRAM = 2;
/** Raw packets; not supported by any driver. */
export const SOCK_RAW = 3;
/** Ordered datagrams; not supported by any driver. */
export const SOCK_SEQPACKET = 5;
/** May be or-ed into a type; only sets the `blocking` flag. */
export const SOCK_NONBLOCK = 0o4000;
/** May be or-ed into a type; has no effect, because Node always sets it. */
export const SOCK_CLOEXEC = 0o2000000;

/** The level of the options of all sockets. */
export const SOL_SOCKET = 1;
/** The level of IPv4 options. */
export const SOL_IP = 0;
/** The level of TCP options. */
export const SOL_TCP = 6;
/** The level of UDP options. */
export const SOL_UDP = 17;

/** Makes the system record debugging information. */
export const SO_DEBUG = 1;
/** Allows binding an address that only closing connections still use. */
export const SO_REUSEADDR = 2;
/** The socket's type; read-only. */
export const SO_TYPE = 3;
/** The pending error; read-only, and cleared when read. */
export const SO_ERROR = 4;
/** Sends only to directly connected networks. */
export const SO_DONTROUTE = 5;
/** Allows sending datagrams to broadcast addresses. */
export const SO_BROADCAST = 6;
/** The size of the send buffer, in bytes. */
export const SO_SNDBUF = 7;
/** The size of the receive buffer, in bytes. */
export const SO_RCVBUF = 8;
/** Sends keep-alive probes to an idle peer. */
export const SO_KEEPALIVE = 9;
/** Delivers urgent bytes inline with the others. */
export const SO_OOBINLINE = 10;
/**
 * What close() does with unsent bytes: two ints, on and seconds; on with 0 resets the connection.
 */
export const SO_LINGER = 13;
/** Lets several sockets share a port. */
export const SO_REUSEPORT = 15;
/** From how many bytes a socket counts as readable. */
export const SO_RCVLOWAT = 18;
/** From how many free bytes a socket counts as writable. */
export const SO_SNDLOWAT = 19;
/** The timeout of a blocking receive. */
export const SO_RCVTIMEO = 20;
/** The timeout of a blocking send. */
export const SO_SNDTIMEO = 21;
/** Does the socket listen? Read-only. */
export const SO_ACCEPTCONN = 30;
/** The socket's protocol; read-only. */
export const SO_PROTOCOL = 38;
/** The socket's family; read-only. */
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

/** Sends small segments immediately. */
export const TCP_NODELAY = 1;
/** The longest segment, in bytes. */
export const TCP_MAXSEG = 2;
/** Sends only full segments. */
export const TCP_CORK = 3;
/** Seconds of silence before the first keep-alive probe. */
export const TCP_KEEPIDLE = 4;
/** Seconds between keep-alive probes. */
export const TCP_KEEPINTVL = 5;
/** How many unanswered keep-alive probes end the connection. */
export const TCP_KEEPCNT = 6;
/** Acknowledges immediately. */
export const TCP_QUICKACK = 12;
/** Milliseconds that sent bytes may stay unacknowledged. */
export const TCP_USER_TIMEOUT = 18;

/** The type of service. */
export const IP_TOS = 1;
/** The most routers that a packet may pass. */
export const IP_TTL = 2;
/** The interface for outgoing multicasts. */
export const IP_MULTICAST_IF = 32;
/** The most routers that a multicast may pass. */
export const IP_MULTICAST_TTL = 33;
/** Does the host receive its own multicasts? */
export const IP_MULTICAST_LOOP = 34;
/** Joins a multicast group. */
export const IP_ADD_MEMBERSHIP = 35;
/** Leaves a multicast group. */
export const IP_DROP_MEMBERSHIP = 36;

/** The most routers that a packet may pass. */
export const IPV6_UNICAST_HOPS = 16;
/** The interface for outgoing multicasts. */
export const IPV6_MULTICAST_IF = 17;
/** The most routers that a multicast may pass. */
export const IPV6_MULTICAST_HOPS = 18;
/** Does the host receive its own multicasts? */
export const IPV6_MULTICAST_LOOP = 19;
/** Joins a multicast group. */
export const IPV6_JOIN_GROUP = 20;
/** Leaves a multicast group. */
export const IPV6_LEAVE_GROUP = 21;
/** Excludes IPv4 from an IPv6 socket. */
export const IPV6_V6ONLY = 26;

/** Ends receiving. */
export const SHUT_RD = 0;
/** Ends sending. */
export const SHUT_WR = 1;
/** Ends both. */
export const SHUT_RDWR = 2;

/** The longest accept queue that the system keeps. */
export const SOMAXCONN = 4096;

/** For bind(): no host means any address. */
export const AI_PASSIVE = 0x0001;
/** Asks for the canonical name; always empty here. */
export const AI_CANONNAME = 0x0002;
/** No look-up: the host must be numeric. */
export const AI_NUMERICHOST = 0x0004;
/** Returns IPv4-mapped IPv6 addresses if there are no others. */
export const AI_V4MAPPED = 0x0008;
/** With AI_V4MAPPED: returns those, too. */
export const AI_ALL = 0x0010;
/** Only families that this machine has configured. */
export const AI_ADDRCONFIG = 0x0020;
/** The port must be numeric. */
export const AI_NUMERICSERV = 0x0400;

/** Returns the numeric host. */
export const NI_NUMERICHOST = 1;
/** Returns the numeric port. */
export const NI_NUMERICSERV = 2;
/** Leaves out the domain. */
export const NI_NOFQDN = 4;
/** Fails if the host has no name. */
export const NI_NAMEREQD = 8;
/** The service is a UDP service. */
export const NI_DGRAM = 16;
/** Allows internationalized host names. */
export const NI_IDN = 32;
/** The longest host name. */
export const NI_MAXHOST = 1025;
/** The longest service name. */
export const NI_MAXSERV = 32;

/** Bad value for the flags. */
export const EAI_BADFLAGS = -1;
/** Name or service not known. */
export const EAI_NONAME = -2;
/** Temporary failure in name resolution. */
export const EAI_AGAIN = -3;
/** Permanent failure in name resolution. */
export const EAI_FAIL = -4;
/** No address for the name. */
export const EAI_NODATA = -5;
/** The family is not supported. */
export const EAI_FAMILY = -6;
/** The type is not supported. */
export const EAI_SOCKTYPE = -7;
/** The service is not known for the type. */
export const EAI_SERVICE = -8;
/** The name has no address in the family. */
export const EAI_ADDRFAMILY = -9;
/** Out of memory. */
export const EAI_MEMORY = -10;
/** System error. */
export const EAI_SYSTEM = -11;
/** An argument was too long. */
export const EAI_OVERFLOW = -12;
