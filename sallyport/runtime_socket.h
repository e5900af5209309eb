/* The sockets in the runtime folder, at which the running processes listen: the administrator's, and the doors. */
#ifndef SALLYPORT_RUNTIME_SOCKET_H
#define SALLYPORT_RUNTIME_SOCKET_H

/*
 * Connects to the socket `name` in `folder`, however long the folder's path is. `flags`: SOCK_NONBLOCK, or 0: waits
 * as long as the listener's queue is full. A descriptor that is closed on exec, or -1 with errno: ENOENT or
 * ECONNREFUSED where nobody listens, EAGAIN for a full queue.
 */
int runtime_socket_dial(const char *folder, const char *name, int flags);

#endif
