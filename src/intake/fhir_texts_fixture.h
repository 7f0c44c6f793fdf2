// SPDX-License-Identifier: Apache-2.0
// For tests of the FHIR reader: what it makes of a text.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "intake/fhir_reader.h"
#include "intake/record_keeper.h"

namespace clinnova::intake {

struct FhirTexts {
  /// Adds what the text says to `kept`.
  void Read(const std::string& text) {
    FhirReader reader(kept);
    const auto read = reader.ReadText(text, "export.json");
    EXPECT_TRUE(read.has_value()) << text << ": " << read.error().message;
  }
  /// The one record of a resource, now all that is kept.
  SourceRecord One(const std::string& text) {
    kept = {};
    Read(text);
    EXPECT_EQ(kept.records.size(), 1u) << text;
    return kept.records.empty() ? SourceRecord{} : kept.records.front();
  }

  RecordKeeper kept;
};

}  // namespace clinnova::intake
