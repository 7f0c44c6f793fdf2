// SPDX-License-Identifier: Apache-2.0
#include "intake/sha1.h"

#include <openssl/evp.h>

#include <array>

#include "core/check.h"

namespace clinnova::intake {

void Sha1::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

// OpenSSL fails here only when memory is out or SHA-1 was left out of it.
Sha1::Sha1() : context_(EVP_MD_CTX_new()) {
  CLINNOVA_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha1(), nullptr) == 1);
}

void Sha1::Update(std::string_view bytes) {
  CLINNOVA_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha1::Hex() const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  std::array<unsigned char, 20> digest{};
  unsigned size = 0;
  CLINNOVA_CHECK(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                 EVP_DigestFinal_ex(copy.get(), digest.data(), &size) == 1 &&
                 size == digest.size());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace clinnova::intake
