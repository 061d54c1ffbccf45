// OpenSSL's macros that Swift cannot see or call, each as a function of the same meaning.
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

// Casts and function-like macros over SSL_CTX_ctrl.
static inline int COpenSSL_CTX_set_tls13_only(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1;
}
static inline void COpenSSL_CTX_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
static inline void COpenSSL_CTX_disable_tickets(SSL_CTX *context) { SSL_CTX_set_options(context, SSL_OP_NO_TICKET); }
static inline void COpenSSL_CTX_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline void COpenSSL_CTX_set_read_ahead(SSL_CTX *context, int on) { SSL_CTX_set_read_ahead(context, on); }
static inline int COpenSSL_CTX_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
// SSL_set_app_data is SSL_set_ex_data with a literal index.
static inline int COpenSSL_set_app_data(SSL *session, void *data) { return SSL_set_app_data(session, data); }
static inline void *COpenSSL_get_app_data(const SSL *session) { return SSL_get_app_data(session); }
// SSL_set_tlsext_host_name casts its constant argument.
static inline int COpenSSL_set_server_name(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}
// STACK_OF(X) is typed by macros.
static inline int COpenSSL_chain_count(const STACK_OF(X509) *chain) { return chain ? sk_X509_num(chain) : 0; }
static inline X509 *COpenSSL_chain_at(const STACK_OF(X509) *chain, int index) { return sk_X509_value(chain, index); }
// Takes a reference of its own.
static inline int COpenSSL_chain_add(STACK_OF(X509) *chain, X509 *certificate) {
    return X509_up_ref(certificate) == 1 && sk_X509_push(chain, certificate) > 0;
}
static inline STACK_OF(X509) *COpenSSL_chain_new(void) { return sk_X509_new_null(); }
static inline void COpenSSL_chain_free(STACK_OF(X509) *chain) { sk_X509_pop_free(chain, X509_free); }
static inline int COpenSSL_revoked_count(const STACK_OF(X509_REVOKED) *revoked) {
    return revoked ? sk_X509_REVOKED_num(revoked) : 0;
}
static inline const X509_REVOKED *COpenSSL_revoked_at(const STACK_OF(X509_REVOKED) *revoked, int index) {
    return sk_X509_REVOKED_value(revoked, index);
}
static inline int COpenSSL_names_count(const GENERAL_NAMES *names) { return names ? sk_GENERAL_NAME_num(names) : 0; }
static inline const GENERAL_NAME *COpenSSL_names_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
// The union in GENERAL_NAME: the URI's text, or null when the name is not a URI.
static inline const ASN1_IA5STRING *COpenSSL_uri_of(const GENERAL_NAME *name) {
    return name->type == GEN_URI ? name->d.uniformResourceIdentifier : 0;
}
// The stack is copied into the request.
static inline int COpenSSL_REQ_add_extension(X509_REQ *request, X509_EXTENSION *extension) {
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    int added = extensions && sk_X509_EXTENSION_push(extensions, extension) > 0 &&
                X509_REQ_add_extensions(request, extensions);
    sk_X509_EXTENSION_free(extensions);
    return added;
}
// BIO_get_mem_data is a macro with a cast.
static inline long COpenSSL_BIO_get_mem_data(BIO *memory, char **data) { return BIO_get_mem_data(memory, data); }
// EVP_EC_gen is a macro over a variadic function.
/// Whether an error tells of an alert that the peer sent (RFC 8446 §6).
static inline int COpenSSL_is_alert(unsigned long code) {
    int reason = ERR_GET_REASON(code);
    return ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}
static inline EVP_PKEY *COpenSSL_generate_p256(void) { return EVP_EC_gen("P-256"); }

#endif
