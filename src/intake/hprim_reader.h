// SPDX-License-Identifier: Apache-2.0
// Reads French laboratory messages, HPRIM Santé 2.x (context ORU), by a mapping of format "hprim"
// into source records; memory is that of one segment.
//
//   H|~^\&|0405.HPR||LABO~Laboratoire||ORU|||HUS~Hopital||P|H2.4~L|202403051130
//   P|1|IPP4711||D123|MARTIN~LUCIE||19610705|F
//   OBR|1|E2403~A17||NFS~Hemogramme~L|||202403050800
//   OBX|1|NM|CRP~Proteine C reactive~L~1988-5~~LN||12,5|mg/L|0^5|H|||F
//   L|1||1|5
//
// The separators are those that H declares. A segment that begins with A goes on with the one
// before it. The mapping's rows are "P", "OBR" and "OBX", each with the columns of those above it:
// "OBX.6" is a field, counted from the segment's name as the standard counts (10.6, the value),
// "OBX.4.1" its first component; in a field that repeats, "OBX.4.1" is of the first. The text is in
// the mapping's encoding.
//
// Before anything is read, the file is checked as a whole. What the sink's Reject gets, by rule:
//   hprim.patient_count, hprim.segment_count     (L) the whole file: nothing of it is read
//   hprim.separators (H)                         the rest of the message
//   hprim.segment, hprim.encoding, hprim.order   a segment, and with a P or OBR what belongs to it
//   and those of record_maker.h.
// Comments (C), messages of other contexts and results that say nothing are counted as ignored.
//
// Source: HPRIM Santé 2.4 (after ASTM E1238), segments 7 (H) to 11 (L).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// True when `head`, a file's first bytes, begins an HPRIM Santé message.
bool LooksLikeHprim(std::string_view head);

/// Reads a file; `name` is what records and messages call it. kInvalidInput when its last message
/// ends without L; kFailed when it cannot be read. The sink's errors are passed on.
Result<void> ReadHprim(const std::filesystem::path& path, const std::string& name,
                       const Mapping& mapping, RecordSink& sink);

}  // namespace clinnova::intake
