// SPDX-License-Identifier: Apache-2.0
// An invite: what the operator hands to a site, on paper or by mail, so that it can enrol once.
//
//   clinnova-invite-1.BASE64URL(archive of Invite ‖ first 4 bytes of its BLAKE2b-256)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"

namespace clinnova::network {

using InviteSecret = std::array<std::uint8_t, 32>;

struct Invite {
  std::string hub{};          ///< "host:port"
  std::string fingerprint{};  ///< of the authority's certificate, hexadecimal
  std::string site{};
  InviteSecret secret{};

  template <class A>
  void Fields(A& a) {
    a(hub), a(fingerprint), a(site), a(secret);
  }
};

/// The invite as one word.
std::string InviteText(const Invite& invite);
/// kInvalidInput when `text` is not an invite or was cut or mistyped.
Result<Invite> ReadInvite(std::string_view text);
/// What the hub keeps of a secret.
core::Hash SecretHash(const InviteSecret& secret);

/// kInvalidInput unless `name` is 1 to 63 letters, digits, dots or hyphens that begin with a letter or digit.
Result<void> CheckSiteName(std::string_view name);

}  // namespace clinnova::network
