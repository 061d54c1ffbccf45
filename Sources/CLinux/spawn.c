#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

// Only what signal-safety(7) allows happens between fork and exec.
static int become(const struct CLinux_launch *launch, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) return errno;
    signal(SIGPIPE, SIG_DFL);
    if (launch->is_group_leader && setpgid(0, 0) < 0) return errno;
    if (launch->is_session_leader && setsid() < 0) return errno;
    if (launch->dies_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
        // The parent may have died before the request was made.
        if (getppid() != parent) _exit(127);
    }
    for (int index = 0; index < 3; index++) {
        if (launch->standard[index] == index) {
            if (fcntl(index, F_SETFD, 0) < 0) return errno;
        } else if (dup2(launch->standard[index], index) < 0) {
            return errno;
        }
    }
    if (launch->directory && chdir(launch->directory) < 0) return errno;
    execve(launch->path, launch->arguments, launch->environment);
    return errno;
}

int CLinux_spawn(const struct CLinux_launch *launch) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        int failure = become(launch, parent);
        ssize_t written = write(report[1], &failure, sizeof failure);
        _exit(written == sizeof failure ? 127 : 126);
    }
    int failure = child < 0 ? errno : 0;
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        // The end of the pipe, which closes on exec, means that the new program runs.
        do count = read(report[0], &failure, sizeof failure);
        while (count < 0 && errno == EINTR);
        if (failure != 0) waitpid(child, NULL, 0);
    }
    close(report[0]);
    errno = failure;
    return failure == 0 ? child : -1;
}
