// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "core/toml_json.h"
#include "decision/published_model.h"

namespace clinnova::decision {
namespace {

using nlohmann::json;

/// A part of the document under its path, for messages that name file, line and key.
struct Section {
  const json& value;                        // not owned, outlives this
  std::string path;                         ///< "linear.term[2]"
  const std::string& file;                  // not owned, outlives this
  const std::map<std::string, int>& lines;  // not owned, outlives this
};

tl::unexpected<Error> Wrong(const Section& section, const std::string& key,
                            const std::string& what) {
  const std::string path = section.path.empty() ? key : section.path + "." + key;
  const auto line = section.lines.find(path);
  const std::string where =
      section.file + (line == section.lines.end() ? "" : ":" + std::to_string(line->second));
  return Fail(ErrorCode::kInvalidInput, where + ": " + path + ": " + what);
}

Result<std::string> Text(const Section& section, const std::string& key, bool required) {
  if (!section.value.contains(key)) {
    if (required) return Wrong(section, key, "found nothing, expected a text");
    return std::string();
  }
  const json& value = section.value.at(key);
  if (!value.is_string()) return Wrong(section, key, "found " + value.dump() + ", expected a text");
  return value.get<std::string>();
}

Result<std::optional<double>> Number(const Section& section, const std::string& key) {
  if (!section.value.contains(key)) return std::nullopt;
  const json& value = section.value.at(key);
  if (!value.is_number()) {
    return Wrong(section, key, "found " + value.dump() + ", expected a number");
  }
  return value.get<double>();
}

Result<double> NumberOr(const Section& section, const std::string& key, double otherwise) {
  CLINNOVA_ASSIGN(const std::optional<double> value, Number(section, key));
  return value.value_or(otherwise);
}

Result<bool> Truth(const Section& section, const std::string& key) {
  if (!section.value.contains(key)) return false;
  const json& value = section.value.at(key);
  if (!value.is_boolean()) {
    return Wrong(section, key, "found " + value.dump() + ", expected true or false");
  }
  return value.get<bool>();
}

Result<void> CheckKeys(const Section& section, std::initializer_list<std::string_view> known) {
  for (const auto& item : section.value.items()) {
    if (std::ranges::find(known, item.key()) != known.end()) continue;
    return Wrong(section, item.key(),
                 "found an unknown key, expected one of: " + core::Joined(known));
  }
  return {};
}

/// The parts of an array of tables (or of inline tables) below `key`.
Result<std::vector<Section>> Parts(const Section& section, const std::string& key) {
  std::vector<Section> parts;
  if (!section.value.contains(key)) return parts;
  const json& list = section.value.at(key);
  if (!list.is_array()) return Wrong(section, key, "found no list, expected a list of tables");
  const std::string base = section.path.empty() ? key : section.path + "." + key;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object()) return Wrong(section, key, "found no table, expected a table");
    parts.push_back({list[i], base + "[" + std::to_string(i) + "]", section.file, section.lines});
  }
  return parts;
}

Result<FieldKind> KindOf(const Section& section) {
  CLINNOVA_ASSIGN(const std::string kind, Text(section, "kind", false));
  constexpr std::array<std::pair<std::string_view, FieldKind>, 5> kKinds{
      {{"", FieldKind::kNumber},
       {"number", FieldKind::kNumber},
       {"whole", FieldKind::kWhole},
       {"halves", FieldKind::kHalves},
       {"sex", FieldKind::kSex}}};
  for (const auto& [name, value] : kKinds) {
    if (name == kind) return value;
  }
  return Wrong(section, "kind", "found \"" + kind + "\", expected number, whole, halves or sex");
}

Result<Field> ReadField(const Section& section) {
  CLINNOVA_TRY(CheckKeys(section, {"name", "unit", "low", "high", "kind", "meaning", "optional"}));
  Field field;
  CLINNOVA_ASSIGN(field.name, Text(section, "name", true));
  CLINNOVA_ASSIGN(field.unit, Text(section, "unit", false));
  if (field.unit.empty()) field.unit = "1";
  CLINNOVA_ASSIGN(field.low, NumberOr(section, "low", 0));
  CLINNOVA_ASSIGN(field.high, NumberOr(section, "high", 0));
  CLINNOVA_ASSIGN(field.kind, KindOf(section));
  CLINNOVA_ASSIGN(field.meaning, Text(section, "meaning", true));
  CLINNOVA_ASSIGN(const bool optional, Truth(section, "optional"));
  if (optional) field.presence = Presence::kOptional;
  return field;
}

/// Fails for a field that the model does not have.
Result<void> CheckField(const Section& section, const PublishedModel& model,
                        const std::string& name) {
  if (std::ranges::find(model.fields, name, &Field::name) != model.fields.end()) return {};
  return Wrong(section, "field", "found \"" + name + "\", expected one of the model's fields");
}

Result<Condition> ReadCondition(const Section& section, const PublishedModel& model) {
  CLINNOVA_TRY(CheckKeys(
      section, {"field", "equals", "at_least", "above", "up_to", "below", "is", "absent"}));
  Condition condition;
  CLINNOVA_ASSIGN(condition.field, Text(section, "field", true));
  CLINNOVA_TRY(CheckField(section, model, condition.field));
  CLINNOVA_ASSIGN(condition.equals, Number(section, "equals"));
  CLINNOVA_ASSIGN(condition.at_least, Number(section, "at_least"));
  CLINNOVA_ASSIGN(condition.above, Number(section, "above"));
  CLINNOVA_ASSIGN(condition.up_to, Number(section, "up_to"));
  CLINNOVA_ASSIGN(condition.below, Number(section, "below"));
  CLINNOVA_ASSIGN(condition.is, Text(section, "is", false));
  CLINNOVA_ASSIGN(condition.absent, Truth(section, "absent"));
  return condition;
}

Result<Term> ReadTerm(const Section& section, const PublishedModel& model) {
  CLINNOVA_TRY(CheckKeys(section, {"coefficient", "field", "centre", "log_plus", "when"}));
  Term term;
  CLINNOVA_ASSIGN(const std::optional<double> coefficient, Number(section, "coefficient"));
  if (!coefficient) return Wrong(section, "coefficient", "found nothing, expected a number");
  term.coefficient = *coefficient;
  CLINNOVA_ASSIGN(term.field, Text(section, "field", false));
  if (!term.field.empty()) CLINNOVA_TRY(CheckField(section, model, term.field));
  CLINNOVA_ASSIGN(term.centre, NumberOr(section, "centre", 0));
  CLINNOVA_ASSIGN(term.log_plus, Number(section, "log_plus"));
  CLINNOVA_ASSIGN(const std::vector<Section> conditions, Parts(section, "when"));
  for (const Section& part : conditions) {
    CLINNOVA_ASSIGN(Condition condition, ReadCondition(part, model));
    term.when.push_back(std::move(condition));
  }
  return term;
}

Result<ModelBand> ReadBand(const Section& section) {
  CLINNOVA_TRY(CheckKeys(section, {"label", "up_to", "below", "probability", "note"}));
  ModelBand band;
  CLINNOVA_ASSIGN(band.label, Text(section, "label", true));
  CLINNOVA_ASSIGN(band.up_to, Number(section, "up_to"));
  CLINNOVA_ASSIGN(band.below, Number(section, "below"));
  CLINNOVA_ASSIGN(band.probability, Number(section, "probability"));
  CLINNOVA_ASSIGN(band.note, Text(section, "note", false));
  return band;
}

Result<void> ReadLinear(const Section& section, PublishedModel& model) {
  CLINNOVA_TRY(CheckKeys(section, {"intercept", "term"}));
  CLINNOVA_ASSIGN(model.intercept, NumberOr(section, "intercept", 0));
  CLINNOVA_ASSIGN(const std::vector<Section> terms, Parts(section, "term"));
  for (const Section& part : terms) {
    CLINNOVA_ASSIGN(Term term, ReadTerm(part, model));
    model.terms.push_back(std::move(term));
  }
  return {};
}

Result<void> ReadChoice(const Section& section, PublishedModel& model) {
  CLINNOVA_TRY(CheckKeys(section, {"reference", "none", "risk_centre", "treatment"}));
  CLINNOVA_ASSIGN(model.reference, Text(section, "reference", true));
  CLINNOVA_ASSIGN(model.none, Text(section, "none", true));
  CLINNOVA_ASSIGN(model.risk_centre, NumberOr(section, "risk_centre", 0));
  CLINNOVA_ASSIGN(const std::vector<Section> treatments, Parts(section, "treatment"));
  bool has_reference = false;
  for (const Section& part : treatments) {
    CLINNOVA_TRY(CheckKeys(part, {"name", "intercept", "slope", "threshold"}));
    Treatment treatment;
    CLINNOVA_ASSIGN(treatment.name, Text(part, "name", true));
    CLINNOVA_ASSIGN(treatment.intercept, NumberOr(part, "intercept", 0));
    CLINNOVA_ASSIGN(treatment.slope, NumberOr(part, "slope", 1));
    CLINNOVA_ASSIGN(treatment.threshold, NumberOr(part, "threshold", 0));
    has_reference = has_reference || treatment.name == model.reference;
    model.treatments.push_back(std::move(treatment));
  }
  if (has_reference) return {};
  return Wrong(section, "reference",
               "found \"" + model.reference + "\", expected one of the treatments");
}

Result<void> ReadRisk(const Section& section, PublishedModel& model) {
  CLINNOVA_TRY(CheckKeys(section, {"valid"}));
  const json valid = section.value.value("valid", json());
  if (!valid.is_array() || valid.size() != 2 || !valid[0].is_number() || !valid[1].is_number()) {
    return Wrong(section, "valid", "found " + valid.dump() + ", expected two numbers");
  }
  model.valid_risk = {valid[0].get<double>(), valid[1].get<double>()};
  return {};
}

Result<void> ReadHead(const Section& root, PublishedModel& model) {
  CLINNOVA_ASSIGN(const std::string kind, Text(root, "kind", true));
  constexpr std::array<std::pair<std::string_view, ModelKind>, 4> kKinds{
      {{"logistic", ModelKind::kLogistic},
       {"choice", ModelKind::kChoice},
       {"points", ModelKind::kPoints},
       {"probability", ModelKind::kProbability}}};
  const auto found =
      std::ranges::find(kKinds, kind, &std::pair<std::string_view, ModelKind>::first);
  if (found == kKinds.end()) {
    return Wrong(root, "kind",
                 "found \"" + kind + "\", expected logistic, choice, points or probability");
  }
  model.kind = found->second;
  const std::pair<const char*, std::string*> texts[] = {
      {"name", &model.name},        {"title", &model.title},
      {"disease", &model.disease},  {"version", &model.version},
      {"outcome", &model.outcome},  {"population", &model.population},
      {"source", &model.source},    {"performance", &model.performance},
      {"validity", &model.validity}};
  for (const auto& [key, text] : texts) {
    CLINNOVA_ASSIGN(*text, Text(root, key, true));
  }
  CLINNOVA_ASSIGN(model.outcome_name, Text(root, "outcome_name", false));
  if (model.outcome_name.empty()) model.outcome_name = "risk";
  CLINNOVA_ASSIGN(model.unverified, Text(root, "unverified", false));
  return {};
}

Result<void> ReadParts(const Section& root, PublishedModel& model) {
  CLINNOVA_ASSIGN(const std::vector<Section> fields, Parts(root, "field"));
  for (const Section& part : fields) {
    CLINNOVA_ASSIGN(Field field, ReadField(part));
    model.fields.push_back(std::move(field));
  }
  CLINNOVA_ASSIGN(const std::vector<Section> bands, Parts(root, "band"));
  for (const Section& part : bands) {
    CLINNOVA_ASSIGN(ModelBand band, ReadBand(part));
    model.bands.push_back(std::move(band));
  }
  const std::pair<const char*, Result<void> (*)(const Section&, PublishedModel&)> tables[] = {
      {"linear", ReadLinear}, {"risk", ReadRisk}, {"choice", ReadChoice}};
  for (const auto& [key, read] : tables) {
    if (!root.value.contains(key)) continue;
    if (!root.value.at(key).is_object()) return Wrong(root, key, "expected a table");
    CLINNOVA_TRY(read({root.value.at(key), key, root.file, root.lines}, model));
  }
  return {};
}

}  // namespace

Result<PublishedModel> ReadPublishedModel(std::string_view toml, const std::string& file) {
  std::map<std::string, int> lines;
  CLINNOVA_ASSIGN(const json document, core::TomlToJson(toml, file, lines));
  const Section root{document, "", file, lines};
  CLINNOVA_TRY(CheckKeys(root, {"name", "title", "disease", "kind", "version", "outcome",
                                "outcome_name", "population", "source", "performance", "validity",
                                "unverified", "field", "linear", "band", "risk", "choice"}));
  PublishedModel model;
  model.document = std::string(toml);
  CLINNOVA_TRY(ReadHead(root, model));
  CLINNOVA_TRY(ReadParts(root, model));
  const bool needs_choice = model.kind == ModelKind::kChoice;
  if (needs_choice == model.treatments.empty()) {
    return Wrong(root, "choice",
                 needs_choice ? "found nothing, expected treatments"
                              : "found treatments, expected kind choice");
  }
  return model;
}

}  // namespace clinnova::decision
