#include "../learner.hpp"
#include "rfpp/restorer/cuda/on_cuda.hpp"

using namespace rfpp;

template std::unique_ptr<Learner<RestoreFormerPlusPlusMedium>>
rfpp::on_cuda<LearnerService<RestoreFormerPlusPlusMedium>>(int, const TrainSettings&);
template std::unique_ptr<Learner<RohqdMedium>> rfpp::on_cuda<LearnerService<RohqdMedium>>(
    int, const TrainSettings&);
