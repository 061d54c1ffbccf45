// OpenSSL's macros that Swift cannot see, each as a function of the same meaning.
#ifndef SLIPSTREAM_OPENSSL_SHIM_H
#define SLIPSTREAM_OPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#endif
