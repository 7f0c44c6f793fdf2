// SPDX-License-Identifier: Apache-2.0
// SHA-1 (RFC 3174) by OpenSSL, which the German LDT 3 puts at the end of a file to tell whether it arrived whole. It
// protects against accidents, not against people; whatever must be secure uses core/hash.h.
//
//   Sha1 sum;
//   sum.Update(line);
//   if (sum.Hex() != expected) …
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace clinnova::intake {

class Sha1 {
 public:
  Sha1();
  void Update(std::string_view bytes);
  /// Of everything so far, 40 hexadecimal digits in lower case.
  std::string Hex() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace clinnova::intake
