#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int CLinux_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(listener, address, length, flags);
}

int CLinux_setns(int descriptor, int kind) { return setns(descriptor, kind); }

int CLinux_pipe2(int ends[2], int flags) { return pipe2(ends, flags); }

ssize_t CLinux_splice(int source, int target, size_t length, unsigned int flags) {
    return splice(source, 0, target, 0, length, flags);
}

void CLinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void CLinux_trim_heap(void) { malloc_trim(0); }

static int forget_pages(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size, (void)context;
    const ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        ElfW(Addr) begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        ElfW(Addr) end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void CLinux_forget_file_pages(void) { dl_iterate_phdr(forget_pages, NULL); }

int CLinux_usable_cores(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

int CLinux_CLONE_NEWNET(void) { return CLONE_NEWNET; }

unsigned int CLinux_SPLICE_F_MOVE_NONBLOCK(void) { return SPLICE_F_MOVE | SPLICE_F_NONBLOCK; }

ssize_t CLinux_send_with_descriptor(int socket, const void *bytes, size_t length, int descriptor) {
    union {
        struct cmsghdr aligned;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t CLinux_receive_with_descriptor(int socket, void *bytes, size_t length, int *passed, int *truncated) {
    // Room for several, so that a peer that sends more than one is noticed and nothing leaks.
    enum { room = 8 };
    union {
        struct cmsghdr aligned;
        char space[CMSG_SPACE(room * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    *passed = -1;
    *truncated = 0;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return count;
    *truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < received; index++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
            if (*passed < 0) {
                *passed = descriptor;
            } else {
                close(descriptor);
                *truncated = 1;
            }
        }
    }
    return count;
}
