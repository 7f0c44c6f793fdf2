// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath.h"

#include <chrono>
#include <ctime>

#include "intake/fhirpath_check.h"

namespace clinnova::intake {
namespace {

const vocabulary::Ucum& UcumTables() {
  static const vocabulary::Ucum ucum;
  return ucum;
}

Temporal ClockTime() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return {.kind = Temporal::Kind::kDateTime,
          .precision = Temporal::Precision::kSecond,
          .year = local.tm_year + 1900,
          .month = local.tm_mon + 1,
          .day = local.tm_mday,
          .hour = local.tm_hour,
          .minute = local.tm_min,
          .second = std::min(local.tm_sec, 59),
          .nanosecond = static_cast<int>(milliseconds) * 1'000'000,
          .fraction_digits = 3,
          .offset_minutes = static_cast<int>(local.tm_gmtoff / 60)};
}

}  // namespace

const Temporal& fhirpath::Environment::Now() const {
  if (!now) now = ClockTime();
  return *now;
}

FhirPath::FhirPath(std::unique_ptr<fhirpath::Expression> expression, Arena memory)
    : expression_(std::move(expression)), memory_(std::move(memory)) {}
FhirPath::~FhirPath() = default;
FhirPath::FhirPath(FhirPath&&) noexcept = default;
FhirPath& FhirPath::operator=(FhirPath&&) noexcept = default;

Result<FhirPath> FhirPath::Parse(std::string_view text, std::string_view root) {
  Arena memory(256);
  CLINNOVA_ASSIGN(auto expression, fhirpath::ParseFhirPath(text, memory));
  CLINNOVA_TRY(fhirpath::CheckFhirPath(FhirModel::R4(), *expression, root));
  return FhirPath(std::move(expression), std::move(memory));
}

fhirpath::Item FhirPath::Root(const JsonTree& resource) {
  return fhirpath::NodeItem(FhirModel::R4(), {.json = &resource, .resource = &resource});
}

Result<fhirpath::Items> FhirPath::Evaluate(const Options& options, const fhirpath::Item& root,
                                           Arena& memory) const {
  const fhirpath::Environment environment{.model = FhirModel::R4(),
                                          .ucum = UcumTables(),
                                          .memory = memory,
                                          .variables = options.variables,
                                          .trace = &options.trace,
                                          .now = options.now};
  const fhirpath::Items context = environment.One(root);
  const fhirpath::Evaluator evaluator(environment, context);
  return evaluator.Evaluate(*expression_, {.context = context});
}

std::string ItemsJson(fhirpath::Items items) {
  std::string out = "[";
  for (const fhirpath::Item& item : items) {
    if (&item != &items.front()) out += ',';
    fhirpath::AppendItemJson(item, out);
  }
  return out + "]";
}

}  // namespace clinnova::intake
