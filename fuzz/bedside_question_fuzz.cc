// SPDX-License-Identifier: Apache-2.0
// What a clinical system sends along with a question: resources with a zero byte between them, the last the draft
// orders. Every byte sequence ends, as an error with a reason, or in records of the one patient.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "decision/bedside_question.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const decision::QuestionReader reader;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  decision::BedsideQuestion question{.hook = "order-select", .patient_id = "1", .documents = {}};
  for (std::size_t end = rest.find('\0'); end != rest.npos; end = rest.find('\0')) {
    question.documents.push_back({"sent", std::string(rest.substr(0, end))});
    rest.remove_prefix(end + 1);
  }
  question.draft_orders = rest;
  const auto read = reader.Read(question, "2026-11-27");
  if (!read) {
    if (read.error().message.empty() || read.error().reason.empty()) std::abort();
    return 0;
  }
  if (read->patient_id != "1") std::abort();
  for (const decision::UnusableRecord& record : read->unusable) {
    if (record.rule.empty() || record.message.empty()) std::abort();
  }
  return 0;
}
