// SPDX-License-Identifier: Apache-2.0
// Reads German laboratory messages, LDT 2 (LDT1014.01) and LDT 3, by a mapping of format "ldt2" or
// "ldt3" into source records; memory is that of one report.
//
//   if (auto format = LdtFormat(first_bytes)) CLINNOVA_TRY(ReadLdt(path, name, mapping, sink));
//
// A line is a length of three digits (its bytes with CR LF), an identifier of four, and the
// content:
//
//   013 8000 8201          begins a record: a report
//   014 8100 00708         LDT 2: the record's length
//   017 3103 19610701      the patient's birth
//   012 8410 CRP           begins a result
//   013 8420 12,4
//
// The mapping's rows are "report" and "result"; its columns are identifiers: those of a result are
// its own ("8420"), in LDT 3 with the objects below it ("8142.8462"), and the report's ("3103",
// "8145.8147.3103"); the header's stand before all ("8220.0201"). The text is in what field 9106
// says, in LDT 3 always ISO-8859-15; where LDT 2 says nothing, in the mapping's encoding.
//
// Before anything is read, the file is checked as a whole. What the sink's Reject gets, by rule:
//   ldt.checksum (9300), ldt.total_length (9202)    the whole file: nothing of it is read
//   ldt.record_length (8100), ldt.object            a whole report
//   ldt.line, ldt.length, ldt.encoding              a line, and with it the result, or, outside results, the
//                                                   report that it is in; a name such as "M}ller", in the
//                                                   7-bit umlauts of DIN 66003 where the file says another
//                                                   code page, is ldt.encoding, too: it may be the patient
//   and those of record_maker.h.
// Orders and results that say nothing are counted as ignored.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// kLdt2 or kLdt3 when `head`, a file's first bytes, begins an LDT file.
std::optional<SourceFormat> LdtFormat(std::string_view head);

/// Reads a file; `name` is what records and messages call it. kInvalidInput when it ends before its
/// last record (8221, 8231) does; kFailed when it cannot be read. The sink's errors are passed on.
Result<void> ReadLdt(const std::filesystem::path& path, const std::string& name,
                     const Mapping& mapping, RecordSink& sink);

}  // namespace clinnova::intake
