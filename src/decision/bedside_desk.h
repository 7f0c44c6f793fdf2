// SPDX-License-Identifier: Apache-2.0
// The bedside at a site: answers a clinical system's question about one patient with the models that the site's
// steward let into use, on what the system sends along, on this machine, and writes down that it did.
//
//   CLINNOVA_ASSIGN(auto desk, BedsideDesk::Open({.folder = "site", .site = "basel", .ledger = ledger}));
//   CLINNOVA_ASSIGN(nlohmann::ordered_json cards, desk->Ask(question, unsupplied));
//   CLINNOVA_TRY(desk->TakeFeedback({.card = uuid, .outcome = "overridden", .reason = "partly"}));
//
// A patient without a valid consent gets no advice. The consent counts as everywhere else at the site
// (clinnova.research_person): a Consent among what was sent, or where none was sent, what the site's CDM knows.
//
// Reveals: to whoever asks, advice about the patient they sent. To the ledger: model, hook, hashes of what was sent
// and answered, verdicts; never a value, a name or a free text. To the hub: nothing.
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "decision/at_work.h"
#include "decision/bedside_cards.h"
#include "decision/site_consents.h"
#include "federation/ledger.h"

namespace clinnova::decision {

struct CardFeedback {
  std::string card;     ///< its uuid
  std::string outcome;  ///< "accepted", "overridden"
  std::string reason;   ///< "accept", "partly", "defer", "reject", or empty
  bool has_comment = false;
};

class BedsideDesk {
 public:
  struct Options {
    std::filesystem::path folder;
    std::string site;
    BedsideMode mode = BedsideMode::kResearch;
    store::Store::ConsentRule consent = store::Store::ConsentRule::kRequired;
    federation::Ledger* ledger = nullptr;  // not owned, outlives the desk
    std::string today = {};                ///< as PatientReader
    /// Before counts of similar patients that could not be read are tried again: questions wait for each other then.
    std::chrono::milliseconds retry{1000};
  };

  /// Loads the models in use. kInvalidInput and kRefused as StoredModels.
  static Result<std::unique_ptr<BedsideDesk>> Open(Options options);
  ~BedsideDesk();

  /// The cards. `unsupplied` names what was asked for and not sent. kInvalidInput with a reason as QuestionReader;
  /// then, as after every refusal, the ledger has an entry.
  Result<nlohmann::ordered_json> Ask(const BedsideQuestion& question,
                                     const std::vector<std::string>& unsupplied);
  /// Notes what the physician did. kInvalidInput for an outcome or a reason that is none.
  Result<void> TakeFeedback(const CardFeedback& feedback);
  /// A question, or "feedback", that was refused before it could be read.
  void NoteRefusal(std::string_view hook, const Error& why);

 private:
  struct Models;
  struct Similar;
  /// What answers a question: the models, and counts of patients that are like one.
  struct InUse {
    std::shared_ptr<const Models> models;    // shared: answers under way keep what they began with
    std::shared_ptr<const Similar> similar;  // shared as above
    std::chrono::steady_clock::time_point similar_tried{};
  };

  explicit BedsideDesk(Options options);
  Result<std::shared_ptr<const Models>> Load();
  /// Changes with the site's CDM and with the machine's day: consents begin and end with it.
  std::string SimilarMark() const;
  std::shared_ptr<const Similar> ReadSimilar(const Models& models) const;
  void RefreshSimilar();
  InUse Current();
  Result<nlohmann::ordered_json> Answer(const BedsideQuestion& question, ReadQuestion read,
                                        const std::vector<std::string>& unsupplied);
  void AddConsent(ReadQuestion& read);
  CardOrigin NewCard() const;
  void NoteInference(const BedsideQuestion& question, const ReadQuestion& read,
                     const Advice& advice, const nlohmann::ordered_json& card);
  void Note(federation::LedgerKind kind, const nlohmann::json& body);

  Options options_;
  QuestionReader questions_;
  SiteConsents consents_;
  AtWork at_work_;
  std::mutex mutex_;
  InUse in_use_;
};

}  // namespace clinnova::decision
