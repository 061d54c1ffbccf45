#ifndef SLIPSTREAM_MNL_SHIM_H
#define SLIPSTREAM_MNL_SHIM_H

#include <libmnl/libmnl.h>

#endif
