// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_details.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

constexpr std::string_view kStorageOfSpecimen = "1186936003";  // SNOMED CT
constexpr std::string_view kCelsius = "Cel";

/// "MDAT wissenschaftlich nutzen": the policy of the German core consent that covers research.
constexpr std::string_view kGermanResearchPolicy = "2.16.840.1.113883.3.1937.777.24.5.3.8";
constexpr std::string_view kGermanPolicies = "2.16.840.1.113883.3.1937.777.24.5.3.";

void Join(std::string& list, const std::string& item) {
  if (item.empty()) return;
  list += (list.empty() ? "" : "; ") + item;
}

std::optional<double> Celsius(std::optional<element> quantity) {
  if (!quantity || Text(*quantity, "code") != kCelsius) return std::nullopt;
  return Number(*quantity, "value");
}

/// R4 has no element for the temperature of storage: national profiles have an extension whose value is a range.
void TakeTemperature(element step, SourceSample& sample) {
  for (const element extension : List(step, "extension")) {
    const auto range = Member(extension, "valueRange");
    if (!range) continue;
    if (!sample.storage_low_celsius) sample.storage_low_celsius = Celsius(Member(*range, "low"));
    if (!sample.storage_high_celsius) sample.storage_high_celsius = Celsius(Member(*range, "high"));
  }
}

void TakeProcessing(element specimen, SourceSample& sample) {
  for (const element step : List(specimen, "processing")) {
    const std::string procedure = FirstCode(Member(step, "procedure"));
    if (procedure == kStorageOfSpecimen) {
      Join(sample.storage, procedure);
      TakeTemperature(step, sample);
    } else {
      Join(sample.processing, procedure);
    }
  }
  for (const element extension : List(specimen, "extension")) {
    if (!Text(extension, "url").ends_with("/StorageTemperature")) continue;
    Join(sample.storage, FirstCode(Member(extension, "valueCodeableConcept")));
  }
}

/// What was collected, else what is in the containers as long as they have one unit.
void TakeAmount(element specimen, Draft& draft) {
  SourceValue amount;
  if (const auto collection = Member(specimen, "collection")) {
    if (const auto quantity = Member(*collection, "quantity"))
      TakeQuantity(*quantity, amount, draft);
  }
  if (!amount.number) {
    for (const element container : List(specimen, "container")) {
      const auto quantity = Member(container, "specimenQuantity");
      if (!quantity) continue;
      SourceValue part;
      TakeQuantity(*quantity, part, draft);
      if (!part.number) continue;
      if (!amount.number) {
        amount = std::move(part);
        continue;
      }
      if (part.unit != amount.unit || !part.comparator.empty()) return;
      amount.number = *amount.number + *part.number;
      amount.text.clear();
    }
  }
  if (amount.number) draft.record.value = std::move(amount);
}

/// How many there are, as the element `count` says, else by the length of the list; nothing where neither does.
std::optional<std::int64_t> CountOf(element parent, std::string_view count, std::string_view list) {
  std::int64_t number = 0;
  if (parent[count].get(number) == simdjson::SUCCESS && number >= 0) return number;
  const auto members = List(parent, list);
  if (members.empty()) return std::nullopt;
  return static_cast<std::int64_t>(members.size());
}

/// The sum over the series, where every one says how many.
std::optional<std::int64_t> CountInstances(const std::vector<element>& all_series) {
  std::int64_t sum = 0;
  for (const element series : all_series) {
    const auto instances = CountOf(series, "numberOfInstances", "instance");
    if (!instances) return std::nullopt;
    sum += *instances;
  }
  return all_series.empty() ? std::nullopt : std::optional(sum);
}

}  // namespace

std::string FirstReference(const std::vector<element>& references, const FhirContext& context,
                           std::initializer_list<std::string_view> types) {
  for (const element reference : references) {
    const std::string target = Text(reference, "reference");
    if (target.empty()) continue;
    std::string resolved = context.resolve(target);
    for (const std::string_view type : types) {
      if (resolved.starts_with(type)) return resolved;
    }
  }
  return {};
}

void TakeSample(element specimen, const FhirContext& context, Draft& draft) {
  SourceSample sample;
  TakeAmount(specimen, draft);
  for (const char* list : {"identifier", "accessionIdentifier"}) {
    for (const element identifier : List(specimen, list)) {
      std::string number = Text(identifier, "value");
      if (sample.number.empty()) sample.number = number;
      draft.record.identity_words.push_back(std::move(number));
    }
  }
  if (const auto collection = Member(specimen, "collection")) {
    sample.body_site = Codes(Member(*collection, "bodySite"));
  }
  TakeTime(specimen, "receivedTime", sample.received, draft);
  for (const element container : List(specimen, "container")) {
    if (sample.container.empty()) sample.container = FirstCode(Member(container, "type"));
  }
  TakeProcessing(specimen, sample);
  sample.parent_id = FirstReference(List(specimen, "parent"), context, {"Specimen/"});
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(sample)});
}

SourceCode AllergyCode(const std::vector<element>& categories) {
  std::string_view category;
  if (categories.size() != 1 || categories.front().get(category) != simdjson::SUCCESS)
    category = "";
  if (category == "food") return {"http://snomed.info/sct", "414285001", "Allergy to food", ""};
  if (category == "medication")
    return {"http://snomed.info/sct", "416098002", "Allergy to drug", ""};
  if (category == "environment") {
    return {"http://snomed.info/sct", "426232007", "Environmental allergy", ""};
  }
  return {"http://snomed.info/sct", "419199007", "Allergy to substance", ""};
}

void TakeImaging(element study, const FhirContext& context, Draft& draft) {
  SourceImaging imaging;
  std::vector<std::string> modalities;
  const auto add = [&](const std::string& modality) {
    if (std::ranges::find(modalities, modality) != modalities.end()) return;
    modalities.push_back(modality);
    Join(imaging.modality, modality);
  };
  for (const element modality : List(study, "modality")) add(CodeOf(modality).code);
  const auto all_series = List(study, "series");
  bool one_site = true;
  for (const element series : all_series) {
    if (const auto modality = Member(series, "modality")) add(CodeOf(*modality).code);
    const auto site = Member(series, "bodySite");
    if (!site) continue;
    const SourceCode code = CodeOf(*site);
    if (imaging.body_site.empty()) imaging.body_site = {code};
    one_site = one_site && imaging.body_site.front().code == code.code;
  }
  if (!one_site) imaging.body_site.clear();
  imaging.series = CountOf(study, "numberOfSeries", "series");
  std::int64_t instances = 0;
  if (study["numberOfInstances"].get(instances) == simdjson::SUCCESS && instances >= 0) {
    imaging.instances = instances;
  } else {
    imaging.instances = CountInstances(all_series);
  }
  imaging.procedure_id = FirstReference(List(study, "procedureReference"), context, {"Procedure/"});
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(imaging)});
}

void TakeConsent(element resource, Draft& draft) {
  SourceRecord& consent = draft.record;
  consent.type = FirstCode(Member(resource, "scope"));
  if (consent.status == "proposed") consent.status = "draft";
  bool german = false;
  std::optional<element> governing = Member(resource, "provision");
  bool permitted = !governing || Text(*governing, "type") != "deny";
  if (governing) {
    bool found = false;
    for (const element provision : List(*governing, "provision")) {
      for (const element concept_ : List(provision, "code")) {
        for (const SourceCode& code : Codes(concept_)) {
          german = german || code.code.starts_with(kGermanPolicies);
          if (code.code != kGermanResearchPolicy) continue;
          // A denial beside a permission wins.
          permitted = Text(provision, "type") == "permit" && (!found || permitted);
          found = true;
          if (const auto period = Member(provision, "period")) {
            TakeTime(*period, "start", consent.start, draft);
            TakeTime(*period, "end", consent.end, draft);
          }
        }
      }
    }
    if (german && !found) permitted = false;
    if (const auto period = Member(*governing, "period")) {
      TakeTime(*period, "start", consent.start, draft);
      TakeTime(*period, "end", consent.end, draft);
    }
  }
  if (german) consent.type = "research";
  TakeTime(resource, "dateTime", consent.start, draft);
  if (consent.status == "active" && !permitted) consent.status = "rejected";
}

}  // namespace clinnova::intake
