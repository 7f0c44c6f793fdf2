// SPDX-License-Identifier: Apache-2.0
#include "federation/local_secure_sum.h"

#include "federation/identity.h"
#include "federation/roster.h"
#include "federation/secure_sum_hub.h"
#include "federation/secure_sum_site.h"
#include "federation/side_by_side.h"
#include "federation/signing_record.h"

namespace clinnova::federation {

struct LocalSecureSum::State {
  std::vector<std::unique_ptr<SiteIdentity>> identities;
  std::vector<std::unique_ptr<MemorySigningRecord>> records;
  std::vector<SecureSumSite> sites;
  std::unique_ptr<SecureSumHub> hub;
  int threads = 1;

  /// Has each site answer and the round take the answer, sites side by side.
  template <typename Ask>
  Result<void> Collect(SecureSumRound& round, Result<void> (SecureSumRound::*take)(core::ByteView),
                       Ask ask) {
    return ForEachSite(sites.size(), threads, [&](std::size_t s) -> Result<void> {
      CLINNOVA_ASSIGN(const core::Bytes answer, ask(s));
      return (round.*take)(answer);
    });
  }
};

LocalSecureSum::LocalSecureSum(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalSecureSum::~LocalSecureSum() = default;

Result<std::unique_ptr<LocalSecureSum>> LocalSecureSum::Create(
    const std::vector<std::string>& sites, const core::Hash& study, int threads) {
  auto state = std::make_unique<State>();
  state->threads = threads;
  std::vector<RosterMember> members;
  for (const std::string& site : sites) {
    CLINNOVA_ASSIGN(SiteIdentity identity, SiteIdentity::Create());
    state->identities.push_back(std::make_unique<SiteIdentity>(std::move(identity)));
    state->records.push_back(std::make_unique<MemorySigningRecord>());
    members.push_back({site, state->identities.back()->public_key()});
  }
  CLINNOVA_ASSIGN(const Roster roster, Roster::Create(std::move(members)));
  const RunId run = NewRunId();
  CLINNOVA_ASSIGN(SecureSumHub hub, SecureSumHub::Create(roster, run, study, {}));
  for (std::size_t s = 0; s < sites.size(); ++s) {
    CLINNOVA_ASSIGN(SecureSumSite site,
                    SecureSumSite::Begin({.identity = state->identities[s].get(),
                                          .roster = roster,
                                          .run = run,
                                          .study = study,
                                          .record = state->records[s].get()}));
    CLINNOVA_ASSIGN(const core::Bytes announcement, site.Announce());
    CLINNOVA_TRY(hub.AddAnnouncement(announcement));
    state->sites.push_back(std::move(site));
  }
  CLINNOVA_ASSIGN(const core::Bytes list, hub.CloseAnnouncements());
  CLINNOVA_TRY(ForEachSite(sites.size(), threads,
                           [&](std::size_t s) { return state->sites[s].Accept(list); }));
  state->hub = std::make_unique<SecureSumHub>(std::move(hub));
  return std::unique_ptr<LocalSecureSum>(new LocalSecureSum(std::move(state)));
}

RoundHeader HeaderOf(const RoundRequest& request, const Layout& layout) {
  RoundHeader header;
  header.round = request.round;
  header.analysis = request.analysis;
  header.step = request.step;
  header.parameters = core::Blake2b(request.parameters);
  header.layout = core::Blake2b(core::Encode(layout));
  header.elements = layout.elements();
  return header;
}

Result<std::vector<Int128>> LocalSecureSum::Sum(
    const RoundRequest& request, const Layout& layout,
    const std::vector<std::vector<Int128>>& contributions) {
  CLINNOVA_ASSIGN(SecureSumRound round, state_->hub->BeginRound(HeaderOf(request, layout)));
  CLINNOVA_TRY(state_->Collect(round, &SecureSumRound::AddUpload, [&](std::size_t s) {
    return state_->sites[s].Upload(round.header(), contributions[s]);
  }));
  CLINNOVA_ASSIGN(const core::Bytes survivors, round.NameSurvivors(round.uploaded()));
  CLINNOVA_TRY(state_->Collect(round, &SecureSumRound::AddStatement, [&](std::size_t s) {
    return state_->sites[s].SignSurvivors(survivors);
  }));
  CLINNOVA_TRY(state_->Collect(round, &SecureSumRound::AddUnmasking,
                               [&](std::size_t s) -> Result<core::Bytes> {
                                 CLINNOVA_ASSIGN(const core::Bytes unmask,
                                                 round.UnmaskRequestFor(static_cast<SiteIndex>(s)));
                                 return state_->sites[s].Unmask(unmask);
                               }));
  CLINNOVA_ASSIGN(SecureSum sum, round.Finish());
  return std::move(sum.elements);
}

}  // namespace clinnova::federation
