// SPDX-License-Identifier: Apache-2.0
// The sites of a study, in order, as every steward approved them: a site's place in the roster is its
// index in every message of a secure sum.
//
//   CLINNOVA_ASSIGN(Roster roster, Roster::Create({{"basel", key1}, {"trier", key2}, {"nancy", key3}}));
//   roster.hash();               // what a site compares with the one that it approved
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive.h"
#include "core/error.h"
#include "core/hash.h"
#include "federation/identity.h"

namespace clinnova::federation {

/// A site and the key it signs with.
struct RosterMember {
  std::string site;
  PublicKey key{};

  template <class A>
  void Fields(A& a) {
    a(site);
    a(key);
  }
  bool operator==(const RosterMember&) const = default;
};

/// Immutable; safe to share between threads.
class Roster {
 public:
  static constexpr std::size_t kLargest = 255;  ///< the secret sharing has 255 places

  /// kInvalidInput when there is no member, more than 255, an empty name, or a name or key twice.
  static Result<Roster> Create(std::vector<RosterMember> members);

  /// The roster in `bytes`, as Encoded wrote it; kInvalidInput as in Create or when malformed.
  static Result<Roster> Decode(core::ByteView bytes);
  core::Bytes Encoded() const;

  std::size_t size() const { return members_.size(); }
  const RosterMember& operator[](std::size_t index) const { return members_[index]; }
  std::span<const RosterMember> members() const { return members_; }
  std::optional<std::size_t> IndexOf(const PublicKey& key) const;

  /// BLAKE2b-256 over names, keys and their order.
  const core::Hash& hash() const { return hash_; }

  /// Sites that must speak for a survivor set, and shares that open a secret: floor(2 S / 3) + 1.
  std::size_t threshold() const { return 2 * members_.size() / 3 + 1; }

 private:
  Roster() = default;

  std::vector<RosterMember> members_;
  core::Hash hash_{};
};

}  // namespace clinnova::federation
