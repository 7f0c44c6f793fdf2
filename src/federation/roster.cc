// SPDX-License-Identifier: Apache-2.0
// Encoded form: the text "clinnova/roster/1" and the vector of (name, 32-byte key), see core/archive.h.
#include "federation/roster.h"

#include <algorithm>
#include <set>

namespace clinnova::federation {
namespace {

struct RosterFile {
  std::string format = "clinnova/roster/1";
  std::vector<RosterMember> members;

  template <class A>
  void Fields(A& a) {
    a(format);
    a(members);
  }
};

}  // namespace

Result<Roster> Roster::Create(std::vector<RosterMember> members) {
  if (members.empty() || members.size() > kLargest) {
    return Fail(ErrorCode::kInvalidInput,
                "roster: found " + std::to_string(members.size()) + " sites, expected 1 to 255");
  }
  std::set<std::string_view> names;
  std::set<PublicKey> keys;
  for (const RosterMember& member : members) {
    if (member.site.empty()) {
      return Fail(ErrorCode::kInvalidInput, "roster: a site has no name");
    }
    if (!names.insert(member.site).second) {
      return Fail(ErrorCode::kInvalidInput, "roster: site " + member.site + " is named twice");
    }
    if (!keys.insert(member.key).second) {
      return Fail(ErrorCode::kInvalidInput,
                  "roster: site " + member.site + " has the key of another site");
    }
  }
  Roster roster;
  roster.members_ = std::move(members);
  roster.hash_ = core::Blake2b(roster.Encoded());
  return roster;
}

Result<Roster> Roster::Decode(core::ByteView bytes) {
  CLINNOVA_ASSIGN(RosterFile file, core::Decode<RosterFile>(bytes));
  if (file.format != RosterFile{}.format) {
    return Fail(ErrorCode::kInvalidInput, "roster: unknown format", "malformed");
  }
  return Create(std::move(file.members));
}

core::Bytes Roster::Encoded() const {
  RosterFile file;
  file.members = members_;
  return core::Encode(file);
}

std::optional<std::size_t> Roster::IndexOf(const PublicKey& key) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const RosterMember& member) { return member.key == key; });
  if (found == members_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - members_.begin());
}

}  // namespace clinnova::federation
