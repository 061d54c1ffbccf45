#ifndef SLIPSTREAM_MNL_SHIM_H
#define SLIPSTREAM_MNL_SHIM_H

// Before the kernel's headers, which would otherwise define its names again.
#include <net/if.h>
#include <netinet/in.h>

#include <linux/fib_rules.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <libmnl/libmnl.h>

#endif
