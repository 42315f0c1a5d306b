#include "rfpp/train/run_folder.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "rfpp/io/image_read.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a table continues after the checkpoint's step, without a row cut off") {
  const Folder folder("table");
  const auto file = folder.path() / "log.csv";
  {
    Table table(file);
    for (int step = 1; step <= 4; ++step) table.add({"step", "loss"}, {1.0 * step, 0.5 / step});
    CHECK(contains(error_of([&] { table.add({"step", "other"}, {5, 1}); }), "expected the columns"));
  }
  std::ofstream(file, std::ios::app) << "3";
  Table table(file);
  table.resume(2);
  REQUIRE(table.rows().size() == 2);
  CHECK(table.rows()[1] == std::vector{2.0, 0.25});
  table.add({"step", "loss"}, {3, 0.125});
  Table again(file);
  again.resume(100);
  CHECK(again.rows().size() == 3);
  Table none(folder.path() / "none.csv");
  none.resume(5);
  CHECK(none.rows().empty());
}

TEST_CASE("a run's folder has logs, curves and samples, and no rest of what was killed") {
  const Folder folder("run");
  std::ofstream(folder.path() / ".rfpp-0.tmp") << "half";
  RunFolder run(folder.path());
  CHECK_FALSE(std::filesystem::exists(folder.path() / ".rfpp-0.tmp"));
  run.start_clock(0);
  for (int step = 1; step <= 3; ++step) {
    run.add_terms({{"pixel", 1.0 / step}, {"codebook", 2}});
    run.add_terms({{"pixel", 2.0 / step}, {"codebook", 4}});
    run.log(step, 3, 1e-3, 4);
  }
  run.add_validation(3, {"clean_psnr"}, {20});
  run.write_samples(3, {picture(1, 8), picture(2, 8), picture(3, 8)});
  Table log(folder.path() / "training.csv");
  log.resume(3);
  CHECK(log.columns() ==
        std::vector<std::string>{"step", "rate", "seconds_per_step", "revived_entries", "pixel", "codebook"});
  CHECK(log.rows()[2][4] == Approx(0.5));
  CHECK(log.rows()[2][5] == 3);
  CHECK(io::read_image(folder.path() / "curves.png").width == 960);
  CHECK(io::read_image(folder.path() / "samples" / "000000003.png").width == 48);
}
