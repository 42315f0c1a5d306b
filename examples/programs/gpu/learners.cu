#include "../learner.hpp"
#include "rfpp/restorer/cuda/on_cuda.hpp"

using namespace rfpp;

template std::unique_ptr<Learner<RestoreFormerPlusPlusSmall>>
rfpp::on_cuda<LearnerService<RestoreFormerPlusPlusSmall>>(int, const TrainSettings&);
template std::unique_ptr<Learner<RohqdSmall>> rfpp::on_cuda<LearnerService<RohqdSmall>>(int,
                                                                                        const TrainSettings&);
