// SPDX-License-Identifier: Apache-2.0
#include "network/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <thread>

#include "core/hash.h"

namespace clinnova::network {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Free<X509_REQ_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free_all>>;

constexpr int kYear = 365 * 24 * 3600;
constexpr int kClockSkew = 3600;  ///< a site's clock may be behind

tl::unexpected<Error> Failure(const std::string& what) {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return Fail(ErrorCode::kFailed, what);
  ERR_error_string_n(code, text.data(), text.size());
  return Fail(ErrorCode::kFailed, what + ": " + text.data());
}

std::string Contents(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

Memory FromText(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int GivePassword(char* buffer, int size, int, void* user) {
  const auto& password = *static_cast<const std::string*>(user);
  const int length =
      static_cast<int>(std::min<std::size_t>(password.size(), static_cast<std::size_t>(size)));
  std::copy_n(password.data(), length, buffer);
  return length;
}

Result<std::string> KeyText(EVP_PKEY* key, std::string password) {
  const Memory memory(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
  if (PEM_write_bio_PKCS8PrivateKey(memory.get(), key, cipher, nullptr, 0, &GivePassword,
                                    &password) != 1) {
    return Failure("a key cannot be written");
  }
  return Contents(memory.get());
}

Result<std::string> CertificateText(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(memory.get(), certificate) != 1)
    return Failure("a certificate cannot be written");
  return Contents(memory.get());
}

Result<Certificate> ReadCertificate(const std::string& text) {
  Certificate certificate(PEM_read_bio_X509(FromText(text).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) return Fail(ErrorCode::kInvalidInput, "not a certificate in PEM form");
  return certificate;
}

Result<Key> ReadKey(const std::string& text, std::string password) {
  Key key(PEM_read_bio_PrivateKey(FromText(text).get(), nullptr, &GivePassword, &password));
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorCode::kInvalidInput, "the authority's key does not open: wrong password",
                "wrong_password");
  }
  return key;
}

Result<Key> NewKey() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return Failure("a key cannot be made");
  return key;
}

bool SetName(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

/// A certificate for `key` that still lacks extensions and signature.
Result<Certificate> Draft(const std::string& name, EVP_PKEY* key, int seconds) {
  Certificate certificate(X509_new());
  std::array<unsigned char, 16> serial{};
  if (!certificate || RAND_bytes(serial.data(), serial.size()) != 1) {
    return Failure("a certificate cannot be made");
  }
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);
  BIGNUM* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  const bool made =
      X509_set_version(certificate.get(), 2) == 1 &&
      BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSkew) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      SetName(X509_get_subject_name(certificate.get()), name);
  BN_free(number);
  if (!made) return Failure("a certificate cannot be made");
  return certificate;
}

struct Authority {
  Certificate certificate;
  Key key;
};

Result<Authority> OpenAuthority(const Credential& credential, const std::string& password) {
  CLINNOVA_ASSIGN(Certificate certificate, ReadCertificate(credential.certificate));
  CLINNOVA_ASSIGN(Key key, ReadKey(credential.key, password));
  return Authority{std::move(certificate), std::move(key)};
}

/// Signs the draft of a leaf that is used as `usage` says.
Result<std::string> SignLeaf(const Authority& authority, X509* draft, const std::string& usage,
                             const std::string& names) {
  X509* issuer = authority.certificate.get();
  const bool made = X509_set_issuer_name(draft, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(draft, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(draft, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(draft, issuer, NID_ext_key_usage, usage) &&
                    AddExtension(draft, issuer, NID_authority_key_identifier, "keyid") &&
                    AddExtension(draft, issuer, NID_subject_alt_name, names) &&
                    X509_sign(draft, authority.key.get(), EVP_sha256()) > 0;
  if (!made) return Failure("a certificate cannot be signed");
  return CertificateText(draft);
}

bool IsAddress(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  if (address == nullptr) return false;
  ASN1_OCTET_STRING_free(address);
  return true;
}

}  // namespace

Result<Credential> MakeAuthority(const std::string& name, const std::string& password) {
  CLINNOVA_ASSIGN(const Key key, NewKey());
  CLINNOVA_ASSIGN(const Certificate certificate, Draft(name, key.get(), 10 * kYear));
  X509* authority = certificate.get();
  const bool made =
      X509_set_issuer_name(authority, X509_get_subject_name(authority)) == 1 &&
      AddExtension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      AddExtension(authority, authority, NID_subject_key_identifier, "hash") &&
      X509_sign(authority, key.get(), EVP_sha256()) > 0;
  if (!made) return Failure("the authority's certificate cannot be made");
  CLINNOVA_ASSIGN(std::string text, CertificateText(authority));
  CLINNOVA_ASSIGN(std::string secret, KeyText(key.get(), password));
  return Credential{std::move(text), std::move(secret)};
}

Result<Credential> MakeServerCertificate(const Credential& authority, const std::string& password,
                                         const std::vector<std::string>& hosts) {
  CLINNOVA_ASSIGN(const Authority issuer, OpenAuthority(authority, password));
  CLINNOVA_ASSIGN(const Key key, NewKey());
  CLINNOVA_ASSIGN(const Certificate draft, Draft("clinnova hub", key.get(), 2 * kYear));
  std::string names;
  for (const std::string& host : hosts) {
    names += (names.empty() ? "" : ",") + std::string(IsAddress(host) ? "IP:" : "DNS:") + host;
  }
  CLINNOVA_ASSIGN(std::string text, SignLeaf(issuer, draft.get(), "serverAuth", names));
  CLINNOVA_ASSIGN(std::string secret, KeyText(key.get(), ""));
  return Credential{std::move(text), std::move(secret)};
}

Result<KeyRequest> MakeKeyRequest(const std::string& name) {
  CLINNOVA_ASSIGN(const Key key, NewKey());
  const Request request(X509_REQ_new());
  const Memory memory(BIO_new(BIO_s_mem()));
  const bool made = request && X509_REQ_set_version(request.get(), 0) == 1 &&
                    SetName(X509_REQ_get_subject_name(request.get()), name) &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 &&
                    PEM_write_bio_X509_REQ(memory.get(), request.get()) == 1;
  if (!made) return Failure("a certificate request cannot be made");
  CLINNOVA_ASSIGN(std::string secret, KeyText(key.get(), ""));
  return KeyRequest{Contents(memory.get()), std::move(secret)};
}

Result<std::string> SignRequest(const Credential& authority, const std::string& password,
                                const std::string& request, const std::string& name) {
  const Request read(PEM_read_bio_X509_REQ(FromText(request).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!read)
    return Fail(ErrorCode::kInvalidInput, "not a certificate request in PEM form", "malformed");
  EVP_PKEY* key = X509_REQ_get0_pubkey(read.get());
  if (key == nullptr || EVP_PKEY_is_a(key, "EC") != 1 || X509_REQ_verify(read.get(), key) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kInvalidInput, "a certificate request that its key did not sign",
                "malformed");
  }
  CLINNOVA_ASSIGN(const Authority issuer, OpenAuthority(authority, password));
  CLINNOVA_ASSIGN(const Certificate draft, Draft(name, key, 2 * kYear));
  return SignLeaf(issuer, draft.get(), "clientAuth", "DNS:" + name);
}

namespace {

std::string FingerprintOf(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return core::ToHex({digest.data(), size});
}

}  // namespace

Result<std::string> Fingerprint(const std::string& certificate) {
  CLINNOVA_ASSIGN(const Certificate read, ReadCertificate(certificate));
  return FingerprintOf(read.get());
}

Result<void> CheckPassword(const Credential& authority, const std::string& password) {
  CLINNOVA_TRY(ReadKey(authority.key, password));
  return {};
}

Result<std::string> FetchAuthority(const std::string& address, const std::string& fingerprint,
                                   std::chrono::milliseconds timeout) {
  const auto unreachable = [&](const std::string& why) {
    ERR_clear_error();
    return Fail(ErrorCode::kUnreachable, "the hub at " + address + " " + why);
  };
  using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
  const Context context(SSL_CTX_new(TLS_client_method()));
  // No chain is checked here: the fingerprint says which authority is meant, and nothing is sent.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const Memory connection(BIO_new_ssl_connect(context.get()));
  SSL* tls = nullptr;
  BIO_get_ssl(connection.get(), &tls);
  constexpr unsigned char kProtocols[] = {2, 'h', '2'};
  SSL_set_alpn_protos(tls, kProtocols, sizeof(kProtocols));
  BIO_set_conn_hostname(connection.get(), address.c_str());
  BIO_set_nbio(connection.get(), 1);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (BIO_do_handshake(connection.get()) <= 0) {
    if (!BIO_should_retry(connection.get())) return unreachable("cannot be reached");
    if (std::chrono::steady_clock::now() > deadline) return unreachable("does not answer");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(tls);
  std::string found = "none";
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (X509_check_ca(certificate) == 0) continue;
    found = FingerprintOf(certificate);
    if (found == fingerprint) return CertificateText(certificate);
  }
  return unreachable("is not the one that the invite names: authority " + found + ", expected " +
                     fingerprint);
}

}  // namespace clinnova::network
