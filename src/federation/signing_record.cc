// SPDX-License-Identifier: Apache-2.0
#include "federation/signing_record.h"

#include <array>

namespace clinnova::federation {
namespace {

struct KindText {
  std::string_view name;
  std::string_view reason;
  std::string_view message;
};

constexpr std::array<KindText, 7> kTexts = {{
    {"announcement", "two_announcements", "this site announced another key for this run"},
    {"participants", "two_participant_lists", "this run began with other announcements"},
    {"round", "two_headers", "this round was begun with another header"},
    {"upload", "upload_changed", "this site uploaded other numbers for this header"},
    {"survivors", "two_survivor_sets", "this site signed another survivor set for this header"},
    {"state", "state_has_other_sites", "this question was answered for another set of sites"},
    {"study", "study_has_other_sites", "this study goes on with another set of sites"},
}};

const KindText& TextOf(ClaimKind kind) { return kTexts[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view ClaimName(ClaimKind kind) { return TextOf(kind).name; }

std::optional<ClaimKind> ClaimKindFromName(std::string_view name) {
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (kTexts[i].name == name) return static_cast<ClaimKind>(i);
  }
  return std::nullopt;
}

Result<std::vector<Claim>> ClaimTable::Check(std::span<const Claim> claims) const {
  std::vector<Claim> fresh;
  for (const Claim& claim : claims) {
    const auto found = values_.find({claim.kind, claim.key});
    if (found == values_.end()) {
      fresh.push_back(claim);
    } else if (found->second != claim.value) {
      const KindText& text = TextOf(claim.kind);
      return Fail(ErrorCode::kRefused, std::string(text.message), std::string(text.reason));
    }
  }
  return fresh;
}

void ClaimTable::Insert(std::span<const Claim> claims) {
  for (const Claim& claim : claims) values_.insert_or_assign({claim.kind, claim.key}, claim.value);
}

Result<void> MemorySigningRecord::Commit(std::span<const Claim> claims) {
  CLINNOVA_ASSIGN(const std::vector<Claim> fresh, table_.Check(claims));
  table_.Insert(fresh);
  return {};
}

void MemorySigningRecord::Refused(std::string_view request, const Error& why) {
  refusals_.push_back({std::string(request), why});
}

}  // namespace clinnova::federation
