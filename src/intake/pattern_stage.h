// SPDX-License-Identifier: Apache-2.0
// Stages records that are told by patterns (source_record.h): what a pattern's records have in common is resolved once.
//
//   PatternStage patterns(resolver, stage);
//   const ResolvedEvent* event = patterns.Take(record);
//   if (event == nullptr) return RecordSink::AcceptPatterned(record);   // a rejection, or nothing for a pattern
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "intake/record_resolver.h"
#include "intake/record_stage.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// One thread at a time. Must not outlive the resolver and the stage.
class PatternStage {
 public:
  PatternStage(const RecordResolver& resolver, RecordStage& stage)
      : resolver_(&resolver), stage_(&stage) {}

  /// What the record was staged as, valid until the next call; null, and nothing is staged, where it has to be taken as a
  /// whole. All records must be of one sink's patterns.
  const ResolvedEvent* Take(const PatternedRecord& record);

 private:
  struct Pattern {
    bool as_whole = false;
    std::optional<ResolvedPattern> resolved;
    RecordStage::PatternForm form;
  };

  const RecordResolver* resolver_;                  // not owned
  RecordStage* stage_;                              // not owned
  std::vector<std::unique_ptr<Pattern>> patterns_;  ///< by RecordPattern::number
};

}  // namespace clinnova::intake
