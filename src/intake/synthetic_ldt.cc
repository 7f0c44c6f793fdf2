// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_ldt.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "core/check.h"
#include "intake/encoding.h"
#include "intake/sha1.h"
#include "intake/synthetic_fhir.h"
#include "intake/synthetic_planned_writer.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using namespace synthetic;

// The laboratories' own codes of their tests, as mappings/de-ldt has them.
struct TestCode {
  std::string_view key, code;
};
constexpr TestCode kTests[] = {{"crp", "CRP"},
                               {"esr", "BSG"},
                               {"hb", "HB"},
                               {"creatinine", "KREAM"},
                               {"rf", "RF"},
                               {"acpa", "CCP"},
                               {"calprotectin", "CALPRO"},
                               {"albumin", "ALB"},
                               {"platelets", "THROM"},
                               {"leukocytes", "LEUK"},
                               {"ferritin", "FERR"},
                               {"lymphocytes", "LYMPH"},
                               {"jcv_index", "JCV"},
                               {"nfl", "NFL"}};

std::string_view CodeOf(const SyntheticItem& item) {
  const auto* found = std::ranges::find(kTests, item.key, &TestCode::key);
  CLINNOVA_CHECK(found != std::end(kTests));
  return found->code;
}

// DIN 66003 has no µ.
std::string UnitOf(const SyntheticItem& item, Encoding encoding) {
  std::string unit(item.de.unit);
  const std::size_t micro = unit.find("µ");
  if (micro != std::string::npos && encoding == Encoding::kDin66003)
    unit.replace(micro, std::string_view("µ").size(), "u");
  return unit == "{index}" ? "Index" : unit;
}

// A file of lines; the length that a line says counts its bytes with CR LF.
class LdtFile {
 public:
  LdtFile(const fs::path& path, Encoding encoding)
      : path_(path), encoding_(encoding), stream_(path, std::ios::binary | std::ios::trunc) {}

  std::string Line(std::string_view id, std::string_view content) {
    auto bytes = EncodeFromUtf8(encoding_, content);
    if (!bytes && error_.empty()) error_ = ": " + bytes.error().message;
    const std::string text = bytes.value_or(std::string());
    char length[16];
    std::snprintf(length, sizeof length, "%03zu", text.size() + 9);
    return std::string(length).append(id).append(text).append("\r\n");
  }
  void Add(const std::string& lines) {
    stream_ << lines;
    sum_.Update(lines);
    line_ += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  }

  Result<void> Close() {
    stream_.close();
    if (stream_ && error_.empty()) return {};
    return Fail(ErrorCode::kFailed, path_.string() + ": cannot be written" + error_);
  }

  const fs::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  Encoding encoding() const { return encoding_; }
  std::uint64_t line() const { return line_; }  // of the last line
  std::string Sum() const { return sum_.Hex(); }

  std::size_t record_bytes = 0;  ///< of the records so far, as they say: for field 9202
  std::string first;             ///< the header
  std::string last;              ///< report

 private:
  fs::path path_;
  Encoding encoding_;
  std::ofstream stream_;
  Sha1 sum_;
  std::uint64_t line_ = 0;
  std::string error_;
};

// What both versions share: which results a report has, and what is planted on them.
class LdtWriter : public LaboratoryWriter {
 protected:
  explicit LdtWriter(const WriterOptions& options)
      : LaboratoryWriter(options, MakeFhirWriter(WithoutLaboratory(options))) {}

  virtual LdtFile& FileOfPatient() = 0;
  virtual void WriteReport(LdtFile& file, const SyntheticVisit& visit,
                           const std::vector<const SyntheticResult*>& results) = 0;
  virtual void WriteTrailer(LdtFile& file) = 0;

  LdtFile& Open(std::string_view name, Encoding encoding) {
    open_.push_back(std::make_unique<LdtFile>(options_.folder / name, encoding));
    files_.push_back(open_.back()->path());
    return *open_.back();
  }

  std::string Order(const SyntheticVisit& visit) const { return id_ + "-" + visit.label; }
  std::string Given() const { return "Testperson " + std::to_string(patient_->number); }

  /// The lines of a result behind its code, and of a number's text.
  std::string Number(LdtFile& file, const SyntheticResult& result, const ShownNumber& shown) const {
    const std::string unit = shown.in_mg_per_dl ? "mg/dl" : UnitOf(*result.item, file.encoding());
    return file.Line("8420", shown.Text(',')) + file.Line("8421", unit);
  }

 private:
  Result<void> WriteReports() override {
    LdtFile& file = FileOfPatient();
    for (const SyntheticVisit& visit : patient_->visits) {
      const auto results = LaboratoryOf(visit);
      if (results.empty()) continue;
      WriteReport(file, visit, results);
      latest_ = &file;
    }
    return {};
  }

  Result<void> FinishReports() override {
    if (plan_.truncated_file != 0 && latest_ != nullptr) {
      const std::string& report = latest_->last;
      CLINNOVA_TRY(
          WriteTruncated(latest_->name(), latest_->first + report.substr(0, report.size() / 2)));
    }
    for (const auto& file : open_) {
      WriteTrailer(*file);
      CLINNOVA_TRY(file->Close());
    }
    return {};
  }

  std::vector<std::unique_ptr<LdtFile>> open_;
  LdtFile* latest_ = nullptr;  // not owned: with the last report
};

class Ldt2Writer : public LdtWriter {
 public:
  explicit Ldt2Writer(const WriterOptions& options)
      : LdtWriter(options),
        laboratories_{&Begin("Z01LABOR.LDT", Encoding::kIso8859_15, "4"),
                      &Begin("S01LABOR.LDT", Encoding::kDin66003, "1"),
                      &Begin("X01LABOR.LDT", Encoding::kCp437, "2")} {}

 private:
  LdtFile& Begin(std::string_view name, Encoding encoding, std::string_view charset) {
    LdtFile& file = Open(name, encoding);
    AddRecord(file, "8220",
              file.Line("9212", "LDT1014.01") + file.Line("0201", "999999999") +
                  file.Line("0203", "Klinikum für Beispiele") + file.Line("8320", "Labor Süd") +
                  file.Line("9106", charset) + file.Line("9103", "20250630"));
    file.first = file.last;
    return file;
  }

  // A record's length counts its first two lines, too.
  void AddRecord(LdtFile& file, std::string_view type, const std::string& lines) {
    const std::string head = file.Line("8000", type);
    const std::size_t bytes = head.size() + 14 + lines.size() + lost_;
    char length[16];
    std::snprintf(length, sizeof length, "%05zu", bytes);
    file.record_bytes += bytes;
    file.last = head + file.Line("8100", length) + lines;
    file.Add(file.last);
    lost_ = 0;
  }

  LdtFile& FileOfPatient() override {
    return *laboratories_[static_cast<std::size_t>(LaboratoryOfPatient(patient_->number))];
  }

  std::string Name(LdtFile& file, const SyntheticVisit& visit) {
    if (!Is(plan_.din_umlauts, visit)) return file.Line("3101", "Müller");
    PlantAt("din_umlauts", file.name(), file.line() + 6, "quarantined: ldt.encoding");
    return file.Line("3101", "M}ller");
  }

  void WriteReport(LdtFile& file, const SyntheticVisit& visit,
                   const std::vector<const SyntheticResult*>& results) override {
    const std::string date = CompactDate(visit.date);
    std::string lines =
        file.Line("8310", Order(visit)) + file.Line("8301", date) + file.Line("3000", id_);
    lines += Name(file, visit);
    lines += file.Line("3102", Given()) + file.Line("3103", CompactDate(patient_->birth)) +
             file.Line("3110", patient_->female ? "W" : "M") + file.Line("8401", "E");
    const auto here = [&] {
      return file.line() + 3 + static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
    };
    std::string result_lines;
    for (const SyntheticResult* result : results) {
      PlantItem(visit, *result->item, file.name(), here(), kEitherMark);
      const ShownNumber shown = ShownOf(visit, *result, result->item->de);
      result_lines = file.Line("8410", CodeOf(*result->item)) +
                     file.Line("8411", result->item->de.label) + file.Line("8432", date);
      result_lines +=
          shown.not_detected ? file.Line("8480", shown.Text(',')) : Number(file, *result, shown);
      lines += result_lines;
    }
    // The last result once more, its last line cut off: the record's length is that of the whole.
    if (visit.first && Is(plan_.malformed_line)) {
      lost_ = result_lines.size();
      result_lines = result_lines.substr(0, result_lines.size() - 4) + "\r\n";
      lost_ -= result_lines.size();
      lines += result_lines;
      PlantAt("malformed_line", file.name(), here() - 1, "quarantined: ldt.length");
    }
    AddRecord(file, "8201", lines);
  }

  // The length of all records is that with the trailer's own.
  void WriteTrailer(LdtFile& file) override {
    char total[16];
    std::snprintf(total, sizeof total, "%08zu", file.record_bytes + 44);
    AddRecord(file, "8221", file.Line("9202", total));
  }

  std::size_t lost_ = 0;                  // bytes cut off the present record
  std::array<LdtFile*, 3> laboratories_;  // not owned; by SyntheticLaboratory
};

class Ldt3Writer : public LdtWriter {
 public:
  explicit Ldt3Writer(const WriterOptions& options)
      : LdtWriter(options), file_(Open("Z01BEFUND.LDT", Encoding::kIso8859_15)) {
    file_.first =
        file_.Line("8000", "8220") +
        Object("8132", "Kopfdaten", "Obj_0032",
               file_.Line("0001", "LDT3.2.20") +
                   Object("8151", "Sendendes_System", "Obj_0051", file_.Line("8316", "LABOR01"))) +
        file_.Line("8001", "8220");
    file_.Add(file_.first);
  }

 private:
  std::string Object(std::string_view role, std::string_view name, std::string_view object,
                     const std::string& inside) {
    return file_.Line(role, name) + file_.Line("8002", object) + inside +
           file_.Line("8003", object);
  }
  std::string Timestamp(std::string_view role, Day day) {
    return Object(role, "Timestamp", "Obj_0054", file_.Line("7278", CompactDate(day)));
  }

  LdtFile& FileOfPatient() override { return file_; }

  void WriteReport(LdtFile& file, const SyntheticVisit& visit,
                   const std::vector<const SyntheticResult*>& results) override {
    std::string lines = file.Line("8000", "8205") +
                        Object("8145", "Patient", "Obj_0045",
                               Object("8147", "Person", "Obj_0047",
                                      file.Line("3101", "Müller") + file.Line("3102", Given()) +
                                          file.Line("3103", CompactDate(patient_->birth)) +
                                          file.Line("3110", patient_->female ? "W" : "M")) +
                                   file.Line("3000", id_)) +
                        Object("8117", "Befundinformationen", "Obj_0017",
                               file.Line("8310", Order(visit)) + file.Line("8401", "2") +
                                   Timestamp("8216", visit.date)) +
                        Object("8137", "Material", "Obj_0037",
                               file.Line("7364", "S1") + Timestamp("8219", visit.date)) +
                        file.Line("8135", "Laborergebnisbericht") + file.Line("8002", "Obj_0035");
    // A result's place is the line of its object, the second one.
    const auto next = [&] {
      return file.line() + 2 + static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
    };
    std::string last;
    for (std::size_t r = 0; r < results.size(); ++r) {
      const SyntheticResult& result = *results[r];
      PlantItem(visit, *result.item, file.name(), next(), kEitherMark);
      const ShownNumber shown = ShownOf(visit, result, result.item->de);
      last = file.Line("7304", "E" + std::to_string(r)) + file.Line("7364", "S1") +
             file.Line("8410", CodeOf(*result.item)) + file.Line("8411", result.item->de.label) +
             file.Line("7306", "01");
      last += shown.not_detected
                  ? Object("8237", "Ergebnistext", "Obj_0068", file.Line("3564", shown.Text(',')))
                  : Number(file, result, shown);
      lines += Object("8160", "UE_Klinische_Chemie", "Obj_0060", last);
    }
    // The last result once more, its last line cut off.
    if (visit.first && Is(plan_.malformed_line)) {
      last = last.substr(0, last.size() - 4) + "\r\n";
      PlantAt("malformed_line", file.name(),
              next() + static_cast<std::uint64_t>(std::ranges::count(last, '\n')),
              "quarantined: ldt.length");
      lines += Object("8160", "UE_Klinische_Chemie", "Obj_0060", last);
    }
    file.last = lines + file.Line("8003", "Obj_0035") + file.Line("8001", "8205");
    file.Add(file.last);
  }

  void WriteTrailer(LdtFile& file) override {
    file.Add(file.Line("8000", "8221"));
    const std::string sum = file.Sum();
    file.Add(file.Line("9300", sum) + file.Line("8001", "8221"));
  }

  LdtFile& file_;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeLdt2Writer(const WriterOptions& options) {
  return std::make_unique<Ldt2Writer>(options);
}
std::unique_ptr<SyntheticWriter> MakeLdt3Writer(const WriterOptions& options) {
  return std::make_unique<Ldt3Writer>(options);
}

}  // namespace clinnova::intake
