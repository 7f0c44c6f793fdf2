// SPDX-License-Identifier: Apache-2.0
// One `[[analysis]]` of a study: its name, its method and the method's options.
//
//   CLINNOVA_ASSIGN(std::string formula, analysis.Text("formula"));
//   CLINNOVA_ASSIGN(double level, analysis.Number("conf_level", 0.95));
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::federation {

/// Immutable. An option of the wrong type is kInvalidInput: `analysis "response": conf_level: found
/// "high", expected a number`.
class Analysis {
 public:
  /// From the analysis' JSON object; needs the texts `name` and `method`. `study` lists all analyses of its study.
  static Result<Analysis> FromJson(const nlohmann::json& object,
                                   std::shared_ptr<const nlohmann::json> study = nullptr);

  const std::string& name() const { return name_; }
  const std::string& method() const { return method_; }
  const nlohmann::json& json() const { return *json_; }

  /// Another analysis of the same study, which an option of this one names.
  Result<Analysis> Other(std::string_view key) const;
  /// Those that the same study has before this one.
  std::vector<Analysis> Earlier() const;

  bool Has(std::string_view key) const;
  /// A required option, or one with a default.
  Result<std::string> Text(std::string_view key) const;
  Result<std::string> Text(std::string_view key, std::string_view otherwise) const;
  /// A text that is one of `allowed`; the first is the default.
  Result<std::string> Choice(std::string_view key, std::span<const std::string_view> allowed) const;
  Result<double> Number(std::string_view key, double otherwise) const;
  Result<std::int64_t> Integer(std::string_view key, std::int64_t otherwise) const;
  Result<bool> Flag(std::string_view key, bool otherwise) const;
  /// A list of texts (a single text counts as a list of one); `otherwise` when absent.
  Result<std::vector<std::string>> Texts(std::string_view key,
                                         std::vector<std::string> otherwise = {}) const;
  Result<std::vector<double>> Numbers(std::string_view key,
                                      std::vector<double> otherwise = {}) const;

  /// kInvalidInput when the analysis has a key that is neither common to all (`name`, `method`,
  /// `conf_level`, `na`) nor in `known`; the message lists those that are known.
  Result<void> CheckKeys(std::span<const std::string_view> known) const;

  /// An error about one option: `analysis "response": KEY: MESSAGE`. A message that begins with "expected" gets what the
  /// study has there before it: `found 95, expected a number between 0 and 1`.
  tl::unexpected<Error> Wrong(std::string_view key, std::string_view message) const;

 private:
  std::string name_;
  std::string method_;
  std::shared_ptr<const nlohmann::json> json_;   // shared by copies of this immutable value
  std::shared_ptr<const nlohmann::json> study_;  // shared by all analyses of the study; may be null
};

}  // namespace clinnova::federation
