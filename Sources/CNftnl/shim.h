#ifndef SLIPSTREAM_NFTNL_SHIM_H
#define SLIPSTREAM_NFTNL_SHIM_H

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#endif
