// SPDX-License-Identifier: Apache-2.0
// A learned model as the hub's registry hands it out: a version of the model's document with the study it was
// learned in and the hub's signature, so that a site knows what it takes into use and from whom.
//
//   CLINNOVA_ASSIGN(std::string text, RegisterModel({.result = …, .study = …, .analysis = "choice"}, hub_key));
//   CLINNOVA_ASSIGN(RegisteredModel model, OpenRegisteredModel(text, "choice-1.json", {hub_public_key}));
//   model.feature_of.at("crp");        // "crp_baseline": what the input is at the bedside
//
// The file is one JSON object:
//
//   {"format":"clinnova-registered-model/1", "name", "version", "registered", "hub", "ledger_root",
//    "study": the study's document, "model": the model's document, "key": Ed25519, 64 hex digits,
//    "signature": 128 hex digits over (context, canonical JSON of everything else)}
//
// Property: a document that a trusted key did not sign as it stands is refused. Assumption and level as in
// federation/identity.h. Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"
#include "decision/learned_model.h"
#include "federation/identity.h"

namespace clinnova::decision {

/// A shift of a model's intercept that a site's own patients gave and its steward let into use.
struct Recalibration {
  double intercept = 0.0;  ///< added to every arm's linear predictor
  double std_error = 0.0;
  std::int64_t patients = 0;  ///< whom it was made from
  std::string made{};         ///< UTC
  std::string approved{};     ///< UTC; empty: proposed
};

struct RegisteredModel {
  std::string name{};
  int version = 0;
  std::string registered{};  ///< when, UTC
  std::string hub{};
  core::Hash study{};
  core::Hash hash{};  ///< of what was signed: the version's identity
  federation::PublicKey key{};
  std::string disease{};  ///< of the study's cohort
  std::string index{};
  std::map<std::string, std::string> feature_of{};  ///< input -> feature of the disease module
  std::string outcome_meaning{};  ///< as the study's target trial says it; empty: it does not
  LearnedModel model{};
  std::string document{};                        ///< the model's document, as JSON
  std::string text{};                            ///< the whole file
  std::optional<Recalibration> recalibration{};  ///< at this site; `model` has it already

  /// "choice 2"
  std::string Label() const { return name + " " + std::to_string(version); }
};

struct Registration {
  std::string_view result;  ///< the study's result file
  std::string_view study;   ///< its canonical JSON
  std::string analysis;     ///< whose result has a `model`
  std::string name;         ///< letters, digits, - and _
  int version = 1;
  std::string hub;
  std::string time;  ///< UTC
};

/// The signed file. kInvalidInput: no such analysis, an analysis without a model, a model that cannot be read.
Result<std::string> RegisterModel(const Registration& registration,
                                  const federation::SiteIdentity& hub);

/// kInvalidInput: not such a file (`FILE: key: what was found, what was expected`); kRefused: "untrusted_key" when
/// the key is none of those trusted, "bad_signature".
Result<RegisteredModel> OpenRegisteredModel(std::string_view text, const std::string& file,
                                            std::span<const federation::PublicKey> trusted);

/// 64 hexadecimal digits as a key.
Result<federation::PublicKey> ReadPublicKey(std::string_view hex);

}  // namespace clinnova::decision
