/** Flags for receiving and sending, and types of ancillary data, with Linux's values. */

/** Urgent bytes, outside the normal stream. */
export const MSG_OOB = 0x1;
/** Receives without removing the data from the socket. */
export const MSG_PEEK = 0x2;
/** Sends only to directly connected networks. */
export const MSG_DONTROUTE = 0x4;
/** Set on receive: there was no room for all ancillary data; the rest is lost. */
export const MSG_CTRUNC = 0x8;
/** Set on receive: the datagram was longer. As an argument: returns the full length. */
export const MSG_TRUNC = 0x20;
/** Does not block. No call here does. */
export const MSG_DONTWAIT = 0x40;
/** The end of a record. */
export const MSG_EOR = 0x80;
/** Waits for all bytes. No call here waits. */
export const MSG_WAITALL = 0x100;
/** Confirms to the network layer that the peer has answered. */
export const MSG_CONFIRM = 0x800;
/** Receives a queued error, as ancillary data. */
export const MSG_ERRQUEUE = 0x2000;
/** Suppresses SIGPIPE, which is never sent here. */
export const MSG_NOSIGNAL = 0x4000;
/** More will be sent soon. */
export const MSG_MORE = 0x8000;
/** Sends while connecting. */
export const MSG_FASTOPEN = 0x20000000;
/** Child processes do not inherit received descriptors. They never do here. */
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** Ancillary data of SOL_SOCKET: descriptors, an `int` each. */
export const SCM_RIGHTS = 1;
/** Ancillary data of SOL_SOCKET: process, user and group of the sender, an `int` each. */
export const SCM_CREDENTIALS = 2;
