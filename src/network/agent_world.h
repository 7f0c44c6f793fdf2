// SPDX-License-Identifier: Apache-2.0
// For tests: serving agents of a NetworkWorld's sites without a transport, so that a test can be the hub, honest or not, and
// see every byte that a site sends.
//
//   AgentWorld world(4);
//   world.OfferAndApprove(StudyText(4));
//   AgentReply reply = world.Ask(0, HubMessageKind::kBegin, body);     // what site 0 says to it
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

#include "federation/secure_sum_hub.h"
#include "network/network_world.h"
#include "network/site_agent.h"

namespace clinnova::network {

struct AgentReply {
  SiteMessageKind kind = SiteMessageKind::kRefusal;
  core::Bytes body;

  /// The reason of a refusal; "answered" for an answer.
  std::string reason() const {
    if (kind != SiteMessageKind::kRefusal) return "answered";
    return Must(core::Decode<federation::Refusal>(body)).reason;
  }
};

/// Stops a study after its first request, to learn how an honest hub asks.
class FirstRequest final : public federation::Federation {
 public:
  FirstRequest(const table::Schema& schema, const std::vector<std::string>& sites)
      : schema_(schema), sites_(sites) {}
  const table::Schema& schema() const override { return schema_; }
  const std::vector<std::string>& sites() const override { return sites_; }
  int minimum_count() const override { return 5; }
  federation::RoundRequest request;
  federation::Layout layout;

 protected:
  Result<std::vector<federation::Int128>> Round(const federation::RoundRequest& asked,
                                                const federation::Layout& blocks) override {
    request = asked;
    layout = blocks;
    return Fail(ErrorCode::kUnreachable, "enough");
  }

 private:
  table::Schema schema_;
  std::vector<std::string> sites_;
};

class AgentWorld {
 public:
  /// `policy`: lines that end every site's site.toml.
  explicit AgentWorld(std::size_t sites, const std::string& policy = {}, bool gives_way = false)
      : world_(sites), links_(sites) {
    world_.StartHub();
    world_.InitSites();
    world_.StopHub();
    for (std::size_t s = 0; s < sites; ++s) {
      std::ofstream(world_.site_folder(s) / "site.toml", std::ios::app) << policy;
      sources_.push_back(std::make_unique<FileTableSource>(
          FileTableSource::Options{.fallback = world_.table_file(s), .files = {}}));
      agents_.push_back(Must(SiteAgent::Open({.folder = world_.site_folder(s),
                                              .tables = sources_[s].get(),
                                              .steps = nullptr,
                                              .version = {},
                                              .gives_way = gives_way})));
      identities_.push_back(
          Must(federation::SiteIdentity::Load(world_.site_folder(s) / "identity.key")));
      members_.push_back({world_.names()[s], identities_[s].public_key()});
      links_[s] = std::make_shared<Link>();
      agents_[s]->Opened(links_[s]);
    }
  }

  NetworkWorld& folders() { return world_; }
  const std::vector<federation::RosterMember>& members() const { return members_; }
  const federation::Study& study() const { return *study_; }
  federation::Roster roster() const { return Must(federation::Roster::Create(members_)); }

  void Offer(const std::string& toml) {
    study_ = Must(federation::Study::FromToml(toml, "study.toml"));
    for (std::size_t s = 0; s < agents_.size(); ++s) {
      Tell(s, HubMessageKind::kOffer,
           core::Encode(StudyOffer{study_->canonical_json(), roster().Encoded()}));
    }
  }
  void OfferAndApprove(const std::string& toml) {
    Offer(toml);
    for (std::size_t s = 0; s < agents_.size(); ++s) world_.Approve(s, core::ToHex(study_->hash()));
  }
  void Tell(std::size_t site, HubMessageKind kind, core::Bytes body) {
    agents_[site]->Received(
        {.kind = kind, .number = 0, .study = study_->hash(), .body = std::move(body)});
  }
  AgentReply Ask(std::size_t site, HubMessageKind kind, core::Bytes body) {
    const std::uint64_t number = ++number_;
    agents_[site]->Received(
        {.kind = kind, .number = number, .study = study_->hash(), .body = std::move(body)});
    return links_[site]->Wait(number);
  }

  /// Takes all sites to the first round of the study, as an honest hub does.
  void EnterRun() {
    hub_ = Must(
        federation::SecureSumHub::Create(roster(), federation::NewRunId(), study_->hash(), {}));
    const core::Bytes begin = core::Encode(BeginAsk{hub_->run(), roster().Encoded()});
    for (std::size_t s = 0; s < agents_.size(); ++s) {
      Must(hub_->AddAnnouncement(Ask(s, HubMessageKind::kBegin, begin).body));
    }
    const core::Bytes list = Must(hub_->CloseAnnouncements());
    std::vector<table::SiteSchema> schemas;
    for (std::size_t s = 0; s < agents_.size(); ++s) {
      if (Ask(s, HubMessageKind::kAccept, list).reason() != "answered")
        throw std::runtime_error("accept");
      schemas.push_back(
          Must(core::Decode<Description>(
                   Ask(s, HubMessageKind::kDescribe, core::Encode(DescribeAsk{})).body))
              .schema);
    }
    const auto schema = Must(
        table::UnifySchemas(schemas, Must(stats::ColumnDeclarations(*study_)), world_.names()));
    frozen_ = core::Encode(
        FrozenTable{.schema = schema, .minimum_count = 5, .limits = {}, .persons = 180});
    for (std::size_t s = 0; s < agents_.size(); ++s) {
      if (Ask(s, HubMessageKind::kFreeze, frozen_).reason() != "answered")
        throw std::runtime_error("freeze");
    }
    first_ = std::make_unique<FirstRequest>(schema, world_.names());
    (void)stats::RunStudy(*first_, *study_, {}, {});
  }
  /// All that the site ever sent.
  core::Bytes SentBy(std::size_t site) { return links_[site]->sent(); }
  std::size_t size() const { return agents_.size(); }
  federation::SecureSumHub& hub() { return *hub_; }
  const core::Bytes& frozen() const { return frozen_; }
  const federation::RoundRequest& request() const { return first_->request; }
  const federation::Layout& layout() const { return first_->layout; }
  federation::SecureSumRound Begin(const federation::RoundRequest& request) {
    return Must(hub_->BeginRound(HeaderOf(request, layout(), core::Blake2b(frozen_))));
  }
  static core::Bytes Upload(const federation::RoundRequest& request,
                            const federation::RoundHeader& header) {
    return core::Encode(UploadAsk{request, header, {}});
  }

 private:
  class Link final : public HubLink {
   public:
    void Send(const Heading& heading, const federation::Released<core::Bytes>& body) override {
      const std::lock_guard lock(mutex_);
      replies_[heading.answers] = {heading.kind, body.value()};
      sent_.insert(sent_.end(), body.value().begin(), body.value().end());
      news_.notify_all();
    }
    AgentReply Wait(std::uint64_t number) {
      std::unique_lock lock(mutex_);
      if (!news_.wait_for(lock, std::chrono::seconds(30),
                          [&] { return replies_.contains(number); })) {
        throw std::runtime_error("the site did not answer");
      }
      return replies_[number];
    }

    core::Bytes sent() {
      const std::lock_guard lock(mutex_);
      return sent_;
    }

   private:
    std::mutex mutex_;
    std::condition_variable news_;
    std::map<std::uint64_t, AgentReply> replies_;
    core::Bytes sent_;
  };

  NetworkWorld world_;
  std::vector<std::shared_ptr<Link>> links_;  // shared with the agents
  std::vector<std::unique_ptr<FileTableSource>> sources_;
  std::vector<std::unique_ptr<SiteAgent>> agents_;
  std::vector<federation::SiteIdentity> identities_;
  std::vector<federation::RosterMember> members_;
  std::optional<federation::Study> study_;
  std::optional<federation::SecureSumHub> hub_;
  core::Bytes frozen_;
  std::unique_ptr<FirstRequest> first_;
  std::uint64_t number_ = 0;
};

}  // namespace clinnova::network
