// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_devices.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "intake/fhir_details.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

const KnownDevice* Find(const FhirContext& context, const std::string& id) {
  if (context.devices == nullptr) return nullptr;
  const auto found = context.devices->by_id.find(id);
  return found == context.devices->by_id.end() ? nullptr : &found->second;
}

/// The samples of SampledData: how many there are, how many are numbers, and their sum.
struct Samples {
  std::int64_t all = 0;
  std::int64_t numbers = 0;
  double sum = 0.0;
};

Samples ReadSamples(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  Samples samples;
  for (auto begin = text.find_first_not_of(kSpace); begin != text.npos;
       begin = text.find_first_not_of(kSpace)) {
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kSpace));
    text.remove_prefix(word.size());
    double number = 0.0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    ++samples.all;
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(number))
      continue;
    ++samples.numbers;
    samples.sum += number;
  }
  return samples;
}

}  // namespace

KnownDevice DescribeDevice(element device) {
  KnownDevice known;
  known.codes = Codes(Member(device, "type"));
  for (const element name : List(device, "deviceName")) {
    const std::string text = Text(name, "name");
    if (known.codes.empty() && !text.empty()) known.codes.push_back({"", "", text, ""});
  }
  for (const element carrier : List(device, "udiCarrier")) {
    if (known.identifier.empty()) known.identifier = Text(carrier, "deviceIdentifier");
    known.identity_words.push_back(Text(carrier, "carrierHRF"));
  }
  for (const char* number : {"serialNumber", "distinctIdentifier"}) {
    known.identity_words.push_back(Text(device, number));
  }
  for (const element identifier : List(device, "identifier")) {
    known.identity_words.push_back(Text(identifier, "value"));
  }
  return known;
}

void TakeDeviceUse(element statement, const FhirContext& context, Draft& draft) {
  TakeTimes(statement, "timing", draft);
  const std::string id = FirstReference(List(statement, "device"), context, {"Device/"});
  SourceDevice used;
  if (const KnownDevice* device = Find(context, id)) {
    draft.record.codes = device->codes;
    draft.record.identity_words = device->identity_words;
    used.identifier = device->identifier;
  } else {
    draft.Refuse("fhir.device", "found a reference to a device that is not in this import");
  }
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(used)});
}

void TakeDeviceOfValue(element observation, const FhirContext& context, Draft& draft) {
  // A laboratory's analyser also has a name: what it measured is a sample, not a window of somebody's life.
  const SourceRecord& record = draft.record;
  const bool series = record.kind == RecordKind::kBiomarker;
  const bool window = record.value && record.value->number && record.start && record.end &&
                      !HasCode(List(observation, "category"), "laboratory");
  if (!series && !window) return;
  const auto reference = Member(observation, "device");
  if (!reference && !series) return;
  SourceSeries values;
  if (series) values = std::get<SourceSeries>(record.details->of);
  if (reference) {
    const std::string id = FirstReference({*reference}, context, {"Device/"});
    if (const KnownDevice* device = Find(context, id)) {
      values.device = device->codes;
      draft.record.identity_words = device->identity_words;
    }
  }
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(values)});
}

void TakeSampledData(element data, Draft& draft) {
  draft.record.kind = RecordKind::kBiomarker;
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{SourceSeries{}});
  if (Number(data, "dimensions").value_or(1.0) != 1.0) {
    draft.Refuse("fhir.value_type",
                 "valueSampledData: found several values at a time, expected one");
    return;
  }
  const Samples samples = ReadSamples(Text(data, "data"));
  SourceValue value;
  SourceSeries series;
  series.samples = samples.numbers;
  if (const auto origin = Member(data, "origin")) {
    value.unit = UnitOf(*origin);
    const double zero = Number(*origin, "value").value_or(0.0);
    const double mean = zero + Number(data, "factor").value_or(1.0) * samples.sum /
                                   static_cast<double>(std::max<std::int64_t>(samples.numbers, 1));
    if (samples.numbers > 0 && std::isfinite(mean)) value.number = mean;
  }
  const double milliseconds =
      Number(data, "period").value_or(0.0) * static_cast<double>(samples.all - 1);
  if (samples.all > 0 && milliseconds >= 0.0 && milliseconds < 1e13) {
    series.milliseconds = std::llround(milliseconds);
  }
  if (value.number) draft.record.value = std::move(value);
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(series)});
}

}  // namespace clinnova::intake
