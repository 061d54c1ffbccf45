// What Glibc's module hides from Swift, or shows in a form Swift cannot call. Plain prototypes, one screen.
#ifndef SLIPSTREAM_CLINUX_H
#define SLIPSTREAM_CLINUX_H

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

// After netinet/in.h, whose names they would otherwise define again.
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

// Hidden without _GNU_SOURCE.
int CLinux_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
int CLinux_setns(int descriptor, int kind);
int CLinux_pipe2(int ends[2], int flags);
ssize_t CLinux_splice(int source, int target, size_t length, unsigned int flags);

// Variadic or hidden.
void CLinux_name_thread(const char *name);

// CPU_COUNT of sched_getaffinity(2): the cores that the scheduler lets this process run on; 0 when it does not say.
int CLinux_usable_cores(void);

// malloc_trim(3) of everything.
void CLinux_trim_heap(void);

// Lets go of what is in memory of the program's and its libraries' files, as far as nobody can have written to it. What is used
// again comes back, from the kernel's cache of those files (madvise(2), MADV_DONTNEED).
void CLinux_forget_file_pages(void);

// Macros.
int CLinux_CLONE_NEWNET(void);
unsigned int CLinux_SPLICE_F_MOVE_NONBLOCK(void);

// One packet with at most one descriptor beside it (SCM_RIGHTS); CMSG_* are macros.
// Returns what sendmsg/recvmsg return. `*passed` is the descriptor received, or -1; `*truncated` is nonzero when
// MSG_TRUNC or MSG_CTRUNC was set.
ssize_t CLinux_send_with_descriptor(int socket, const void *bytes, size_t length, int descriptor);
ssize_t CLinux_receive_with_descriptor(int socket, void *bytes, size_t length, int *passed, int *truncated);

// A program to start. `standard` holds the descriptors that become 0, 1 and 2; everything else must be close-on-exec. The
// child starts with no signal blocked.
struct CLinux_launch {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    int standard[3];
    int is_group_leader;
    int is_session_leader;
    int dies_with_parent; // when the calling *thread* ends (prctl(2), PR_SET_PDEATHSIG)
};
// The child's process id once it runs the program, or -1 with errno set.
int CLinux_spawn(const struct CLinux_launch *launch);

#endif
