// SPDX-License-Identifier: Apache-2.0
// For tests: sites and a hub of a secure sum in one process, without a link between them.
//
//   SecureSumWorld world(5);
//   SecureSumRound round = world.Begin(1);
//   world.UploadAll(round);  world.StateAll(round);  world.UnmaskAll(round);
//   EXPECT_EQ(round.Finish()->elements, world.Expected({0, 1, 2, 3, 4}, 1));
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "federation/secure_sum_hub.h"
#include "federation/secure_sum_site.h"

namespace clinnova::federation {

/// The value of a step that cannot fail in these worlds.
template <typename T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class SecureSumWorld {
 public:
  static constexpr std::size_t kElements = 5;

  /// `size` sites that know each other's keys and have entered a run.
  explicit SecureSumWorld(std::size_t size, std::uint64_t minimum_sites = 3)
      : minimum_sites_(minimum_sites) {
    std::vector<RosterMember> members;
    for (std::size_t i = 0; i < size; ++i) {
      identities_.push_back(std::make_unique<SiteIdentity>(SiteIdentity::Create().value()));
      records_.push_back(std::make_unique<MemorySigningRecord>());
      members.push_back({"site" + std::to_string(i), identities_.back()->public_key()});
    }
    roster_ = Roster::Create(members).value();
    run_ = NewRunId();
    hub_ = SecureSumHub::Create(*roster_, run_, study_, {minimum_sites}).value();
    for (std::size_t i = 0; i < size; ++i) {
      sites_.push_back(SecureSumSite::Begin(OptionsOf(i)).value());
      Must(hub_->AddAnnouncement(Must(sites_[i].Announce())));
    }
    list_ = hub_->CloseAnnouncements().value();
    for (SecureSumSite& site : sites_) Must(site.Accept(list_));
  }

  SecureSumSite::Options OptionsOf(std::size_t i) {
    return {.identity = identities_[i].get(),
            .roster = *roster_,
            .run = run_,
            .study = study_,
            .minimum_sites = minimum_sites_,
            .record = records_[i].get()};
  }

  std::size_t size() const { return sites_.size(); }
  SecureSumSite& site(std::size_t i) { return sites_[i]; }
  const SiteIdentity& identity(std::size_t i) const { return *identities_[i]; }
  MemorySigningRecord& record(std::size_t i) { return *records_[i]; }
  SecureSumHub& hub() { return *hub_; }
  const Roster& roster() const { return *roster_; }
  const RunId& run() const { return run_; }
  const core::Hash& study() const { return study_; }
  const core::Bytes& announcements() const { return list_; }

  /// kill -9 and restart of a site: its record and its saved secrets are all that is left.
  void Restart(std::size_t i) {
    const SecretBuffer saved = sites_[i].Save();
    sites_[i] = SecureSumSite::Resume(OptionsOf(i), saved.bytes()).value();
  }

  static RoundHeader Question(std::uint64_t round, std::size_t elements = kElements) {
    return {.round = round,
            .analysis = "response",
            .step = "glm",
            .parameters = core::Blake2b("state " + std::to_string(round)),
            .layout = core::Blake2b("layout"),
            .elements = elements};
  }
  SecureSumRound Begin(std::uint64_t round, std::size_t elements = kElements) {
    return hub_->BeginRound(Question(round, elements)).value();
  }

  /// The numbers of a site in a round: some near the ends of the range.
  static std::vector<__int128> Numbers(std::size_t site, std::uint64_t round,
                                       std::size_t elements = kElements) {
    std::vector<__int128> numbers(elements);
    for (std::size_t e = 0; e < elements; ++e) {
      const auto seed = core::Blake2b("x " + std::to_string(site) + " " + std::to_string(round) +
                                      " " + std::to_string(e));
      __int128 value = 0;
      std::copy_n(seed.begin(), sizeof(value), reinterpret_cast<std::uint8_t*>(&value));
      numbers[e] = value >> (e % 2 == 0 ? 4 : 100);
    }
    return numbers;
  }
  static std::vector<__int128> Expected(const SiteSet& sites, std::uint64_t round,
                                        std::size_t elements = kElements) {
    std::vector<__int128> sum(elements);
    for (const SiteIndex site : sites) {
      const std::vector<__int128> numbers = Numbers(site, round, elements);
      for (std::size_t e = 0; e < elements; ++e) sum[e] += numbers[e];
    }
    return sum;
  }

  SiteSet Everyone() const {
    SiteSet sites;
    for (std::size_t i = 0; i < size(); ++i) sites.push_back(i);
    return sites;
  }
  Result<core::Bytes> UploadOf(std::size_t i, const SecureSumRound& round) {
    const RoundHeader& header = round.header();
    return sites_[i].Upload(header, Numbers(i, header.round, header.elements));
  }
  void UploadAll(SecureSumRound& round) { Upload(round, Everyone()); }
  void Upload(SecureSumRound& round, const SiteSet& sites) {
    for (const SiteIndex i : sites) Must(round.AddUpload(Must(UploadOf(i, round))));
  }
  void StateAll(SecureSumRound& round) { State(round, round.uploaded()); }
  void State(SecureSumRound& round, const SiteSet& sites) {
    const core::Bytes request = round.NameSurvivors(round.uploaded()).value();
    for (const SiteIndex i : sites)
      Must(round.AddStatement(Must(sites_[i].SignSurvivors(request))));
  }
  void UnmaskAll(SecureSumRound& round) { Unmask(round, round.stated()); }
  void Unmask(SecureSumRound& round, const SiteSet& sites) {
    for (const SiteIndex i : sites) {
      Must(round.AddUnmasking(Must(sites_[i].Unmask(Must(round.UnmaskRequestFor(i))))));
    }
  }

 private:
  std::uint64_t minimum_sites_;
  std::vector<std::unique_ptr<SiteIdentity>> identities_;
  std::vector<std::unique_ptr<MemorySigningRecord>> records_;
  std::optional<Roster> roster_;
  RunId run_{};
  core::Hash study_ = core::Blake2b("study");
  std::optional<SecureSumHub> hub_;
  std::vector<SecureSumSite> sites_;
  core::Bytes list_;
};

}  // namespace clinnova::federation
