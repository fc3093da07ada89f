/** Flags of receives and sends, and types of ancillary data, with Linux's values. */

/** Urgent bytes, beside the others. */
export const MSG_OOB = 0x1;
/** Leaves what is received in the socket, for the next receive. */
export const MSG_PEEK = 0x2;
/** Sends to this network only. */
export const MSG_DONTROUTE = 0x4;
/** Received: there was no room for all ancillary data. What did not fit is gone. */
export const MSG_CTRUNC = 0x8;
/** Received: the datagram was longer. To receive: gives the whole length. */
export const MSG_TRUNC = 0x20;
/** Does not block. Nothing does here. */
export const MSG_DONTWAIT = 0x40;
/** The end of a record. */
export const MSG_EOR = 0x80;
/** Waits for all bytes. Nothing waits here. */
export const MSG_WAITALL = 0x100;
/** Tells the network layer that the peer has answered. */
export const MSG_CONFIRM = 0x800;
/** Receives an error that was queued, in ancillary data. */
export const MSG_ERRQUEUE = 0x2000;
/** No SIGPIPE. There never is one here. */
export const MSG_NOSIGNAL = 0x4000;
/** More will be sent soon. */
export const MSG_MORE = 0x8000;
/** Sends while it connects. */
export const MSG_FASTOPEN = 0x20000000;
/** Received descriptors are closed in child processes. They always are here. */
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** Ancillary data of SOL_SOCKET: descriptors, an `int` each. */
export const SCM_RIGHTS = 1;
/** Ancillary data of SOL_SOCKET: process, user and group of the sender, an `int` each. */
export const SCM_CREDENTIALS = 2;
