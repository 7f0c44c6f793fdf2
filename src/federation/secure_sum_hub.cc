// SPDX-License-Identifier: Apache-2.0
#include "federation/secure_sum_hub.h"

#include <algorithm>

namespace clinnova::federation {

Result<SecureSumHub> SecureSumHub::Create(Roster roster, const RunId& run, const core::Hash& study,
                                          Options options) {
  CLINNOVA_TRY(StartCryptography());
  if (options.minimum_sites < 3 || roster.size() < options.minimum_sites) {
    return Fail(ErrorCode::kRefused,
                "a secure sum over " + std::to_string(roster.size()) + " sites with a minimum of " +
                    std::to_string(options.minimum_sites) + ", expected at least 3",
                "too_few_sites");
  }
  return SecureSumHub(std::move(roster), run, study, options);
}

Result<void> SecureSumHub::AddAnnouncement(core::ByteView bytes) {
  CLINNOVA_ASSIGN(SignedMessage message, CheckSigned(roster_, bytes, Announcement::kContext));
  CLINNOVA_ASSIGN(const Announcement announcement, OpenSigned<Announcement>(message));
  const std::string& name = roster_[message.site].site;
  if (announcement.run != run_ || announcement.study != study_ ||
      announcement.roster != roster_.hash()) {
    return Fail(ErrorCode::kRefused, name + " announced itself for another run", "wrong_run");
  }
  const auto known = announcements_.find(message.site);
  if (known != announcements_.end()) {
    if (known->second.body == message.body) return {};
    return Fail(ErrorCode::kRefused, name + " announced two keys for one run", "two_announcements");
  }
  // A late site would change the keys that the others agreed on.
  if (!participants_.empty()) {
    return Fail(ErrorCode::kRefused, name + " is late: the run has begun", "run_has_begun");
  }
  announcements_.emplace(message.site, std::move(message));
  return {};
}

SiteSet SecureSumHub::announced() const {
  SiteSet sites;
  for (const auto& [site, message] : announcements_) sites.push_back(site);
  return sites;
}

Result<core::Bytes> SecureSumHub::CloseAnnouncements() {
  const std::size_t fewest = std::max<std::size_t>(options_.minimum_sites, roster_.threshold());
  if (announcements_.size() < fewest) {
    return Fail(ErrorCode::kFailed,
                "sites that take part: " + std::to_string(announcements_.size()) + " < " +
                    std::to_string(fewest),
                "too_few_sites");
  }
  AnnouncementList list;
  for (const auto& [site, message] : announcements_) list.announcements.push_back(message);
  participants_ = announced();
  participants_hash_ = ParticipantsHash(list);
  return core::Encode(list);
}

Result<SecureSumRound> SecureSumHub::BeginRound(RoundHeader question) const {
  if (participants_.empty()) {
    return Fail(ErrorCode::kInvalidInput, "a round before the announcements are complete");
  }
  if (question.elements == 0 || question.elements > kMostElements) {
    return Fail(ErrorCode::kInvalidInput, "elements of a round: found " +
                                              std::to_string(question.elements) +
                                              ", expected 1 to " + std::to_string(kMostElements));
  }
  question.run = run_;
  question.study = study_;
  question.roster = roster_.hash();
  question.participants = participants_hash_;
  question.format = kFixedPointFormat;
  return SecureSumRound(roster_, std::move(question), participants_,
                        std::max<std::size_t>(options_.minimum_sites, roster_.threshold()));
}

}  // namespace clinnova::federation
