# Aliases of dev.py's verbs; arguments go in ARGS, as in: make test ARGS="-k login"
VERBS := demo test install lint format lock

.PHONY: $(VERBS)
$(VERBS):
	@python3 dev.py $@ $(ARGS)
