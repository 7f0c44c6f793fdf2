// SPDX-License-Identifier: Apache-2.0
#include "network/site_agent.h"

#include <nlohmann/json.hpp>

#include "core/giving_way.h"
#include "federation/secret.h"
#include "stats/method.h"

namespace clinnova::network {
namespace {

constexpr std::chrono::milliseconds kWatchEvery{200};

}  // namespace

Result<std::unique_ptr<SiteAgent>> SiteAgent::Open(Options options) {
  CLINNOVA_TRY(federation::StartCryptography());
  std::unique_ptr<SiteAgent> agent(new SiteAgent(std::move(options)));
  const std::filesystem::path& folder = agent->options_.folder;
  CLINNOVA_ASSIGN(agent->config_, ReadSiteConfig(folder));
  CLINNOVA_ASSIGN(federation::SiteIdentity identity,
                  federation::SiteIdentity::Load(folder / "identity.key"));
  agent->identity_ = std::make_unique<federation::SiteIdentity>(std::move(identity));
  CLINNOVA_ASSIGN(agent->ledger_, federation::Ledger::Open({.path = folder / "ledger.jsonl",
                                                            .identity = agent->identity_.get()}));
  CLINNOVA_ASSIGN(auto record, federation::LedgerSigningRecord::Load(*agent->ledger_));
  RestoreInformation(*agent->ledger_, agent->information_);
  agent->record_ = std::make_unique<SharedSigningRecord>(std::move(record));
  CLINNOVA_ASSIGN(agent->store_,
                  SiteStore::Open(folder / "site.db", agent->identity_->public_key()));
  CLINNOVA_ASSIGN(agent->policy_, PolicyInForce::Open({.folder = folder,
                                                       .ledger = agent->ledger_.get(),
                                                       .store = agent->store_.get()}));
  agent->parts_ = {
      .name = agent->config_.name,
      .folder = folder,
      .identity = agent->identity_.get(),
      .policy = agent->policy_.get(),
      .ledger = agent->ledger_.get(),
      .record = agent->record_.get(),
      .store = agent->store_.get(),
      .tables = agent->options_.tables,
      .steps = agent->options_.steps == nullptr ? &stats::Steps() : agent->options_.steps,
      .information = &agent->information_,
      .threads = agent->config_.threads};
  agent->NoteDecisions();
  agent->NoteConsents();
  agent->watcher_ = std::thread([raw = agent.get()] { raw->Watch(); });
  return agent;
}

SiteAgent::~SiteAgent() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    link_.reset();
  }
  news_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  for (const auto& [study, worker] : workers_) worker->thread.join();
}

void SiteAgent::Send(const Heading& heading, const federation::Released<core::Bytes>& body) {
  std::shared_ptr<HubLink> link;
  {
    const std::lock_guard lock(mutex_);
    link = link_;
  }
  if (link) link->Send(heading, body);
}

void SiteAgent::Opened(std::shared_ptr<HubLink> link) {
  Hello hello{.version = options_.version};
  if (auto decisions = store_->Newest()) hello.decisions = std::move(*decisions);
  if (const auto studies = store_->Studies()) {
    for (const OfferedStudy& study : *studies) {
      const auto bytes = core::FromHex(study.hash);
      if (!study.closed.empty() || !bytes || bytes->size() != sizeof(core::Hash)) continue;
      std::copy(bytes->begin(), bytes->end(), hello.open.emplace_back().begin());
    }
  }
  {
    const std::lock_guard lock(mutex_);
    // What was asked over the last stream is asked again over this one.
    for (const auto& [study, worker] : workers_) worker->requests.clear();
    link_ = link;
  }
  link->Send({.kind = SiteMessageKind::kHello}, gate_.Protocol(hello));
}

void SiteAgent::Closed() {
  const std::lock_guard lock(mutex_);
  link_.reset();
}

void SiteAgent::Received(HubEnvelope message) {
  if (message.kind == HubMessageKind::kWelcome) return;
  if (message.kind == HubMessageKind::kOffer) return TakeOffer(message);
  PassOn(std::move(message));
}

void SiteAgent::TakeOffer(const HubEnvelope& message) {
  const auto offer = core::Decode<StudyOffer>(message.body);
  if (!offer) return;
  const auto study = federation::Study::FromCanonicalJson(offer->canonical_json);
  const auto roster = federation::Roster::Decode(offer->roster);
  const bool whole = study && roster && study->hash() == message.study &&
                     roster->IndexOf(identity_->public_key()).has_value();
  if (!whole) {
    (void)ledger_->Append(federation::LedgerKind::kRefusal,
                          {{"study", core::ToHex(message.study)},
                           {"request", "offer"},
                           {"reason", "malformed_offer"},
                           {"message", "not a study of this site"}});
    return;
  }
  const auto fresh = store_->AddOffer(core::ToHex(message.study), *offer);
  if (!fresh || !*fresh) return;
  (void)ledger_->Append(federation::LedgerKind::kStudySeen,
                        {{"study", core::ToHex(message.study)},
                         {"title", study->title()},
                         {"roster", core::ToHex(roster->hash())}});
}

void SiteAgent::PassOn(HubEnvelope message) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  std::unique_ptr<Worker>& worker = workers_[message.study];
  if (worker && worker->over) {
    worker->thread.join();
    worker.reset();
  }
  if (!worker) {
    worker = std::make_unique<Worker>(parts_, core::ToHex(message.study));
    worker->thread = std::thread([this, raw = worker.get()] { Work(*raw); });
  }
  worker->requests.push_back(std::move(message));
  news_.notify_all();
}

void SiteAgent::Work(Worker& worker) {
  if (options_.gives_way) core::GiveWay();
  while (true) {
    HubEnvelope request;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [&] { return stopping_ || !worker.requests.empty(); });
      if (stopping_) return;
      request = std::move(worker.requests.front());
      worker.requests.pop_front();
    }
    if (request.kind == HubMessageKind::kClosed) {
      if (const auto closed = core::Decode<StudyClosed>(request.body)) worker.study.Close(*closed);
      const std::lock_guard lock(mutex_);
      if (!worker.requests.empty()) continue;
      worker.over = true;
      return;
    }
    const SiteStudy::Reply reply = worker.study.Answer(request.kind, request.body);
    Send({.kind = reply.kind, .answers = request.number, .study = request.study}, reply.body);
  }
}

// ---- the steward

void SiteAgent::NoteDecisions() {
  const auto decisions = store_->Unnoted();
  if (!decisions) return;
  for (const SignedDecision& signed_decision : *decisions) {
    const auto decision = OpenDecision(identity_->public_key(), signed_decision);
    if (!decision) continue;  // not this site's: it never counts
    if (!NoteDecision(*ledger_, *decision, signed_decision)) return;
    (void)store_->MarkNoted(signed_decision);
    Send({.kind = SiteMessageKind::kDecision, .answers = 0, .study = decision->study},
         gate_.Protocol(signed_decision));
  }
}

void SiteAgent::NoteConsents() {
  (void)store_->TakeConsentNotes([this](const std::string& body) -> Result<void> {
    CLINNOVA_TRY(ledger_->Append(federation::LedgerKind::kConsent, nlohmann::json::parse(body)));
    return {};
  });
}

void SiteAgent::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    news_.wait_for(lock, kWatchEvery, [this] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    NoteDecisions();
    NoteConsents();
    (void)policy_
        ->Current();  // a change is in the ledger before anybody asks; what is wrong is told to who does
    lock.lock();
  }
}

}  // namespace clinnova::network
