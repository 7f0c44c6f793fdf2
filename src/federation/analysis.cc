// SPDX-License-Identifier: Apache-2.0
#include "federation/analysis.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace clinnova::federation {

Result<Analysis> Analysis::FromJson(const nlohmann::json& object,
                                    std::shared_ptr<const nlohmann::json> study) {
  Analysis analysis;
  for (const auto& [key, member] :
       {std::pair{"name", &Analysis::name_}, std::pair{"method", &Analysis::method_}}) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string() || found->get<std::string>().empty()) {
      return Fail(ErrorCode::kInvalidInput,
                  std::string("analysis: ") + key + ": found nothing, expected a text");
    }
    analysis.*member = found->get<std::string>();
  }
  analysis.json_ = std::make_shared<const nlohmann::json>(object);
  analysis.study_ = std::move(study);
  return analysis;
}

Result<Analysis> Analysis::Other(std::string_view key) const {
  CLINNOVA_ASSIGN(const std::string name, Text(key));
  std::string list;
  for (std::size_t i = 0; study_ != nullptr && i < study_->size(); ++i) {
    const auto other = FromJson((*study_)[i], study_);
    if (!other || other->name() == name_) continue;
    if (other->name() == name) return other;
    list += (list.empty() ? "" : ", ") + other->name();
  }
  return Wrong(key, "found \"" + name + "\", expected another analysis of the study" +
                        (list.empty() ? "" : ": " + list));
}

std::vector<Analysis> Analysis::Earlier() const {
  std::vector<Analysis> earlier;
  for (std::size_t i = 0; study_ != nullptr && i < study_->size(); ++i) {
    const auto other = FromJson((*study_)[i], study_);
    if (!other || other->name() == name_) break;
    earlier.push_back(*other);
  }
  return earlier;
}

tl::unexpected<Error> Analysis::Wrong(std::string_view key, std::string_view message) const {
  std::string found;
  if (message.starts_with("expected")) {
    const auto value = json_->find(std::string(key));
    found = "found " + (value == json_->end() ? "nothing" : value->dump()) + ", ";
  }
  return Fail(ErrorCode::kInvalidInput, "analysis \"" + name_ + "\": " + std::string(key) + ": " +
                                            found + std::string(message));
}

bool Analysis::Has(std::string_view key) const { return json_->contains(std::string(key)); }

namespace {

const nlohmann::json* Find(const nlohmann::json& object, std::string_view key) {
  const auto found = object.find(std::string(key));
  return found == object.end() ? nullptr : &*found;
}

std::string Found(const nlohmann::json& value, std::string_view expected) {
  return "found " + value.dump() + ", expected " + std::string(expected);
}

}  // namespace

Result<std::string> Analysis::Text(std::string_view key) const {
  if (!Has(key)) return Wrong(key, "found nothing, expected a text");
  return Text(key, "");
}

Result<std::string> Analysis::Text(std::string_view key, std::string_view otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return std::string(otherwise);
  if (!value->is_string()) return Wrong(key, Found(*value, "a text"));
  return value->get<std::string>();
}

Result<std::string> Analysis::Choice(std::string_view key,
                                     std::span<const std::string_view> allowed) const {
  CLINNOVA_ASSIGN(std::string text, Text(key, allowed.front()));
  if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return text;
  return Wrong(key, "found \"" + text + "\", expected one of " + core::Joined(allowed));
}

Result<double> Analysis::Number(std::string_view key, double otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) return Wrong(key, Found(*value, "a number"));
  return value->get<double>();
}

Result<std::int64_t> Analysis::Integer(std::string_view key, std::int64_t otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return otherwise;
  if (!value->is_number_integer()) return Wrong(key, Found(*value, "a whole number"));
  return value->get<std::int64_t>();
}

Result<bool> Analysis::Flag(std::string_view key, bool otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) return Wrong(key, Found(*value, "true or false"));
  return value->get<bool>();
}

Result<std::vector<std::string>> Analysis::Texts(std::string_view key,
                                                 std::vector<std::string> otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return otherwise;
  if (value->is_string()) return std::vector<std::string>{value->get<std::string>()};
  std::vector<std::string> texts;
  if (value->is_array()) {
    for (const auto& item : *value) {
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
  }
  if (!value->is_array() || texts.size() != value->size()) {
    return Wrong(key, Found(*value, "a list of texts"));
  }
  return texts;
}

Result<std::vector<double>> Analysis::Numbers(std::string_view key,
                                              std::vector<double> otherwise) const {
  const nlohmann::json* value = Find(*json_, key);
  if (value == nullptr) return otherwise;
  if (value->is_number()) return std::vector<double>{value->get<double>()};
  std::vector<double> numbers;
  if (value->is_array()) {
    for (const auto& item : *value) {
      if (item.is_number()) numbers.push_back(item.get<double>());
    }
  }
  if (!value->is_array() || numbers.size() != value->size()) {
    return Wrong(key, Found(*value, "a list of numbers"));
  }
  return numbers;
}

Result<void> Analysis::CheckKeys(std::span<const std::string_view> known) const {
  constexpr std::string_view kCommon[] = {"name", "method", "conf_level", "na"};
  for (const auto& [key, value] : json_->items()) {
    if (std::find(std::begin(kCommon), std::end(kCommon), key) != std::end(kCommon)) continue;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return Wrong(
        key, "unknown option of method " + method_ + ", expected one of " + core::Joined(known));
  }
  CLINNOVA_ASSIGN(const double level, Number("conf_level", 0.95));
  if (!(level > 0 && level < 1)) return Wrong("conf_level", "expected a number between 0 and 1");
  CLINNOVA_ASSIGN(const std::string na, Text("na", "omit"));
  if (na != "omit") return Wrong("na", "found \"" + na + "\", expected \"omit\"");
  return {};
}

}  // namespace clinnova::federation
