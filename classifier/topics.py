"""Words that tell what a prompt is about, a list for each domain; standard library only.

Most of them are too rare in the labelled prompts to be learnt there: a person who knows the rubric knows that
`terraform` is a word of code and `villanelle` one of texts. A word may stand in more than one list. Words are written
as `tokens_of` writes them, so that scripts without spaces are single characters.
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CODING = _set(
    "000 abi algorithm android angular ansible apache api apk app applescript apps arduino array arrays asan asp "
    "assembly async attributeerror autohotkey avx await awk babel backend bash bean beans beautifulsoup bigo "
    "binary blazor boilerplate bool boolean bootstrap borrow borrowed bot boto0 boucle branch bug bugs build "
    "button callback cargo cassandra cd cdk channel channels char checkout cherry chmod chown ci ciclo cin clang "
    "class classcastexception classe classes clojure closure cloudflare cloudformation cmake cmd code codebase "
    "codice coding commit commits compilar compile compiler compiles component compose comprehension conda "
    "configmap conflict conflicts console const constexpr container containers cookie cookies cors cout cpp "
    "crashloopbackoff cron crontab csharp css cte cuda curl cypress código daemonset dart datadog datenbank "
    "deadlock debian debug debugger decorator def defer dependencies dependency deploy deployment depurar dict "
    "dictionary diff discord div django dmesg docker dockerfile docstring dom dotnet dynamodb ebpf ec0 "
    "econnrefused elasticsearch elif elixir emacs encoding endif endpoint endpoints enoent enum env envoy erlang "
    "error esbuild eslint eslintrc esp esp00 etcd exception exec express fastapi fault fehlermeldung firebase "
    "firmware flamegraph flask flexbox float flutter fn fonction foreach fork fpga freertos frontend fullstack "
    "función function functions funktion funzione função gc gcc gdb gdscript generator git github gitignore "
    "gitlab glsl godot golang goroutine goroutines gpio gradio gradle gradlew grafana graphql grep grpc hashmap "
    "haskell heap heapdump helm helmchart heroku hibernate hook hooks html http https huggingface husky i0c iam "
    "impl import importerror imports index indexerror ingress int interface ios istio iterator jar java "
    "javascript jdbc jenkins jest jit join joins jpa jquery js json jsx junit jvm jwt k0s keil keras keyerror "
    "kivy klasse knex kotlin kubectl kubelet kubernetes lambda laravel latex laço leetcode let library lifetime "
    "linked linker linq lint linter linux lisp llvm localhost lock lockfile loki lombok loop loops lua macro "
    "makefile malloc matlab maui maven memcpy merge method methods migration minecraft mmap mock modelsim module "
    "mongo mongodb mongoose monorepo mpi mutex mypy mysql nan neon netlify next nextjs nginx ngrx node nodejs npm "
    "null nullpointerexception nullptr numpy nuxt oauth object objects observable observables ocaml oneliner "
    "oomkilled opencv opengl openmp orm otel overflow package pandas panic parse parser parsing patch perf perl "
    "php pinia pip pipeline playwright pnpm pod pods poetry pointer pointers port posix postgres postgresql "
    "powershell prettier printf println prisma processing profiler profiling program programa programar "
    "programação programm programma programme programmer programming prometheus promise props pthread ptr pull "
    "pulumi puppeteer push pygame pyqt pytest python pytorch queries query queue rails raspberry raspi react "
    "rebase recursion recursive redis redux refactor refactoring regex regexp regular release render repo "
    "repository rerender rest restful roblox rollup rsync rtos ruby runtimeerror rust rxjs s0 sass scala scanf "
    "schema scp scrapy script scripts scss sdk sed segfault segmentation selenium semaphore semaphores sentry "
    "sequelize server servlet servo session shadcn shader shared shell signal signals simd simulink sizeof "
    "sklearn skript slice slices snippet sns solidity span spi splunk spring springboot sql sqlite sqs squash ssh "
    "stack stackoverflow stacktrace stash state std stm0 stm00 storybook strace streamlit string strings struct "
    "submodule sudo supabase svelte swift swiftui switch symfony syntaxerror syscall systemctl systemd tag "
    "tailwind template tensorflow terminal terraform test testbench tests tex thread threads timeout tkinter tmux "
    "token tokens tomcat torch traceback trait traits transaction transformers trpc ts tsan tsconfig tsx tuple "
    "turtle typedef typeerror typehint typeorm typescript uart ub ubuntu undefined unicode unittest unity unity0d "
    "unix unordered unreal useeffect usestate utf valgrind valueerror var variable variables vba vector venv "
    "vercel verilog vhdl vim virtualenv vite vitest vue vuex vulkan wasm webhook webpack websocket wget winforms "
    "wordpress worker workers wpf xcode xml yaml yarn zsh zustand база запрос класс код массив ошибка программа "
    "программу сервер скрипт строка функцию функция цикл "
    "函 码 程 编 関"
)
MATHS = _set(
    "abelian ableitung acceleration adiabatic adjoint age ages algebra altogether amortization angle angles "
    "annuity antiderivative apples apr area average balls banach basis bayes berechne beweis beweise bijection "
    "binomial bmi boltzmann bought brownian bruch buffer calcola calcula calculate calcule calculer capacitor "
    "card cardinal cards carnot category cauchy celsius cents chain circle circles circumference cohomology coin "
    "coins coloring combination combinations combinatorics compact complex compound compute cone congruent "
    "conjecture contradiction contrapositive converge convergence converges convert convex cookies corollary cos "
    "cosets cosine cost costs countable cube cubic curl current cyclic cylinder círculo decimal demonstre "
    "demuestra derivada derivata derivative derivatives determinant diagonal diagonalizable diameter dice die "
    "differential differentiate digit digits dimostra discount distance diverge divergence divided divisible "
    "divisor dollars dreieck dual démontrer dérivée each eats ecuación edges eigen eigenvalue eigenvalues "
    "eigenvector electron ellipse energy enthalpy entropy equation equations equazione equação equilibrium euler "
    "evaluate expand expectation expected factor factorize factors fahrenheit feet fibonacci field fields force "
    "fourier fraction fractions frequency friction functor galois gas gauss gaussian gave gcd geometry gibbs "
    "gives gleichung gradient graph green group groups half hamiltonian hausdorff hermitian hessian hexagon "
    "hilbert homology homomorphism hours hypotenuse ideal inches incline induction inequalities inequality "
    "injective integer integers integral integrals integrate interest irrational isomorphism isothermal ito "
    "jacobian joule kernel knaves knights kreis lagrange lagrangian laplace lcm lebesgue left lemma life limit "
    "limits linear ln log logic lorentz maclaurin manifold marbles markov martingale mass matrices matrix "
    "measurable measure meters metric miles minus mod module modulo molarity mole moles momentum multiplier "
    "multipliers newton nilpotent noetherian nombre norm number numbers numero número odds ode ohm older "
    "optimization oranges ordinal orthogonal oscillator pages parabola payout pde pencils pendulum per percent "
    "percentage perimeter permutation permutations perturbation ph photon pigeonhole plus poisson poker polygon "
    "polynomial polynomials pressure price prime primes probabilidad probabilidade probabilities probability "
    "probabilità probabilité programming projectile proof prove puzzle pythagoras quadratic quantum radius ramsey "
    "random rank ratio rational real rechne rectangle rectangular relativity remaining resistor riddle riemann "
    "ring rings root roots roulette scheme schrodinger score sequence series sheaf simplex simplify sin sine sold "
    "solve space speed sphere spring square stationary stochastic stoichiometry stokes students subgroup subspace "
    "sum surjective sylow tan tangent taylor temperature tensor theorem tickets times tip titration topological "
    "topology torque total trace triangle triangles trigonometry triángulo truth twice uncountable unitary urn "
    "variable variance vector vectors velocity vertices voltage volume wahrscheinlichkeit watt wavelength younger "
    "zahl zahlen équation вероятность вычислите докажи докажите интеграл найдите найти решите решить сколько "
    "сумма треугольник уравнение уравнения число "
    "数 方 概 求 率 积 程 算 計 证 계 구 률 명 산 증 하 확"
)
FIGURES = _set(
    "ab altair analyse analysis analyst analytics analyze anova arima arpu arr arrayformula attribution auc "
    "auswertung autocorrelation average axis bar bayesian berkson bi bias bigquery blank blanks bootstrap bottom "
    "boxplot cac causal causation cell cells censored change chart charts chi choropleth churn classifier clean "
    "cleaning cluster clustering cohort cohorts column columns concat conditional confidence confounder "
    "confounding control conversion correlated correlation countif countifs cox cpc csat csv ctr customers dados "
    "dag dags dashboard dashboards data dataframe dataset datasets daten dati datos dau dbt dedupe delimiter "
    "deviation did distribution données dplyr dropna dtype duplicate duplicates durchschnitt effects encuesta "
    "enquête estadística estatística estimand estimator etl excel experiment experiments exponential f0 fillna "
    "fixed forecast forecasting formatting formula formulas funnel geo ggplot gini glm gmv google grafico "
    "graphique groupby growth gráfico hazard heatmap heteroskedasticity histogram holdout holtwinters hypothesis "
    "imputation impute incrementality index instrument interval intervals ipw iv jsonl kaplan kmeans kpi kpis lag "
    "legend lift likert line lme logistic looker lorenz ltv match matching matplotlib mau mde mean media median "
    "meier melt merge metric metrics missing mittelwert mixed mmm mode monthly moyenne mrr multicollinearity "
    "média normalize nps null orders outlier outliers pandas panel paradox parquet pca percent percentile pie "
    "pivot plot plotly plots poisson population posterior power powerbi precision prepost prior prognose promedio "
    "propensity pvalue quarter quarterly quartile random rank ranking recall region regions regress regression "
    "residual residuals respondents retention revenue roc row rows sales sample samples sampling sankey sas "
    "scatter seaborn seasonality share sheet sheets significance significant simpson slicer smoothing snowflake "
    "sparkline spreadsheet spreadsheets spss sql stata stationarity statistic statistica statistical statistics "
    "statistik statistique store stores subtotal subtotals sumif sumifs survey surveys survival survivorship "
    "tabelle tabla tableau test timeseries tmle top total totals treatment trend tsv ttest umfrage umsatz uplift "
    "variance vega vendas vendite ventas ventes vif vlookup warehouse waterfall wau weekly weighting xlookup "
    "выборка график данные данных корреляция опрос продажи среднее таблица таблице "
    "图 均 据 数 統 统 表 计 계 균 통 평"
)
PLANS = _set(
    "acceptance adopt agenda allocate allocation architect architectural architecture architektur architettura "
    "arquitectura arquitetura autoscaling availability aws azure backlog backpressure balance board broker budget "
    "build c0 cache caching capacity cdn choice choose cloud concevoir conference consensus consistency "
    "contingency continuity conçois course cqrs crdt create criteria curriculum ddd decide decision deliverables "
    "dependencies design designs develop diagram dinner disaster diseña diseñar distributed domain economy edge "
    "emergency entities entity entwerfe entwirf entwurf epic epics erd estimate evacuation event eventdriven "
    "eventual failover feature features festival fundraiser furniture game gantt garden gateway gcp governance "
    "headcount hiking hiring idempotency idempotent infrastructure iot itinerary journey kafka kanban kitchen "
    "konzept lambda latency launch layout lesson lessons levels loadbalancer meal meals mechanic mechanics menu "
    "microservice microservices migrate migration milestone milestones mitigation mockup model models monolith "
    "moscow multi multitenant mvp observability office offline offsite okr okrs onboarding option options "
    "orchestrate orchestration organisation organise organize outbox packing partition partitioning party paxos "
    "persona phase phases pianifica pick pipeline plan plane planeje planifica planifier planning plans planung "
    "playbook policy prd prioritise prioritize process product progetta progettare projetar projete prototype "
    "provisioning proxy pubsub qps queue rabbitmq raci raft recovery region replace replicate replication "
    "requirements retreat retro retrospective rice risk risks roadmap rollout room roster rota route rpo rps rto "
    "rules runbook saga scalable scale scaling schedule schema scrum serverless service services shard sharding "
    "should sla slo spec specification sprint stakeholder stakeholders stories story strategies strategy syllabus "
    "sync system systems team teams tenant tenants throughput timeline timetable topology tradeoff tradeoffs "
    "training trip ui uml user users ux versus vs wedding week weekly weeks wireframe wireframes workflow "
    "workshop архитектура архитектуру план система систему спланируй спроектируй "
    "划 方 构 架 案 規 計 設 计 设 계 설"
)
DIGESTS = _set(
    "abstract abstractive according action addresses amount amounts anonymise anonymize answer article attendees "
    "brief briefing bullet bullets categories category changelog changes citation citations cite clasifica "
    "clasificar classe classifica classification classifique classify clause compare condense condensed context "
    "contract contradict contradictions date dates deadline deadlines debrief decisions department departments "
    "detect differences digest document elenca email emails entities entity entnimm estrai etichetta etiqueta "
    "excerpt excerpts extract extraction extrae extrahiere extraia extrais faithful fasse field fields find gist "
    "guard highlight highlights iban identify intent invoice items json key keys keyword keywords klassifiziere "
    "label language line list lista liste main matches meeting mentioned minutes mismatch names negative nenne "
    "neutral notes only ordne outline overview owners paragraph passage passages phone pii points polarity policy "
    "pontos positive priorities priority pull punti puntos quantities quantity queue recap recipient redact "
    "release report resuma resume resumen resumir resumo review reviews riassumere riassumi riassunto roundup "
    "route router résume résumer résumé said says sender sentence sentences sentiment sku spam span spans "
    "stichpunkte stichworte subject summaries summarise summarize summarizing summary supported tag takeaway "
    "takeaways text theme themes thread ticket tickets title tl tldr topic topics total toxicity transcript "
    "triage unsupported urgent vat vendor verbatim verdict welche what when where which who zusammen "
    "zusammenfassen zusammenfassung étiquette выдели извлеки кратко метку определи перескажи перечисли пункты "
    "резюме суммаризируй суммируй لخص सारांश "
    "出 分 列 判 取 归 总 抽 括 提 摘 断 条 标 概 签 箇 类 約 结 要 라 류 벨 분 심 약 요 추 출 핵"
)
TEXTS = _set(
    "abstract acrostic ad ads adverbs advert alliteration announcement apology arabic article backstory ballad "
    "banter bio biography birthday blog brand brief brochure caption captions card carta casual catchy chapter "
    "character characters chinese comma complaint compose concise conclusion condolences congratulation "
    "congratulations copy copyedit copyediting copywriting correggi correo corrige corrija couplet courriel cover "
    "crossover cta cuento cv dear description dialogue diary dissertation draft dragons dungeon dutch edit edits "
    "elevator email english epilogue escreva escribe essay eulogy fable facebook fairytale fanfic fantasy "
    "farewell fiction flyer formal formuliere french friendly funny gedicht gender german geschichte glossary "
    "grammar grant guide haiku headline headlines hero hindi histoire historia história hook horror house "
    "humorous iambic idiom informal instagram introduction invitation invite italian japanese joke jokes journal "
    "korean korrigiere language leaflet legend lengthen letter lettera lettre limerick linkedin localise localize "
    "logline lyrics mail memo memoir message metaphor meter monologue motivation myth napisz narrator neutral "
    "newsletter novel obituary ode parable paragraph paragraphs paraphrase personal persuasive pitch plain plot "
    "podcast poem poema poems poesia polish polite portuguese post posts poème press product professional profile "
    "prologue proofread proofreading proposal przetłumacz pun punctuation puns rap recommendation redacta redija "
    "reference regards rephrase reply report respond resume review reword rewrite rhyme rhymes roleplay romance "
    "rsvp russian rédige saga sarcastic scene schreib schreibe schrijf screenplay script scrivi sentence "
    "sentences serial short shorten simile sincerely sketch slogan slogans song sonnet spanish speech spelling "
    "standup stanza statement storia stories story style subtitle subtitles synonym synonyms synopsis tagline "
    "taglines testimonial text thank thesis title titles toast toastmaster tone traduce traduci traduis traduza "
    "transcreate translate translated translation translator treatment turkish tweet tweets typo typos verfasse "
    "verse vertaal video villain villanelle vlog voice wedding wordy worldbuilding write yaz youtube çevir écris "
    "übersetze исправь напиши переведи письмо рассказ сочинение стихотворение текст اكتب ترجم अनुवाद लिखें लिखो "
    "事 作 信 写 手 改 故 文 書 紙 翻 訳 译 诗 번 써 역 줘 지 편"
)
LIFE = _set(
    "000k account acid actor airport alarm album allergy amendment anatomy ancient anemia antibiotic antibiotics "
    "apartment apr aristotle arzt asthma baby bacteria baggage bake balance band bankruptcy battery between bible "
    "bike bill biology biopsy bird blood book boss boyfriend buddhism bus buy call calories cancel cancer capital "
    "car card career cat catalyst cell cells century charger chemistry chicken child christian city clause clean "
    "climate colleague colonial colony compost congress consciousness constitution contract cook cooking "
    "copyright cough country court covalent credit crochet crusade custody customs defendant define definition "
    "demand deontology deposit diabetes diagnosis diet difference differential dinosaur direct divorce dna doctor "
    "dog dose drill drug drugs dynasty earth earthquake ecg eclipse economics egg eggs election emperor empire "
    "engine enlightenment enzyme epistemology erkläre ethics eviction evolution exam exercise explain explica "
    "explique father faucet fertilizer fever film flight flip football friend fun galaxy game games garden "
    "gardening gas gate gdpr gene genes geology geschichte gesundheit girlfriend glacier government greek "
    "groceries grocery headache health hegel hello hi hindu histoire historia history holiday holidays holocaust "
    "hotel house how husband hypertension ibuprofen immigration independence industrial inflation inheritance "
    "insect insulin insurance interview investment iphone islam isotope jewish job joke judge jump jurisdiction "
    "kant kidney kids king knit kochen kripke landlord laptop laundry law lawn legal legge ley liability lights "
    "limit liver loan loi luggage mammal mean meaning means medication medicine medieval meiosis metaphysics "
    "metformin minister mitochondria mitosis molecule moon mortgage mother mountain movie mpg mri music médico "
    "nazi negligence neighbor neuron nietzsche nurse ocean oil order ottoman oven oxidation pain paint "
    "paracetamol parliament passport pasta patent patient patients pension pet philosopher philosophy phone "
    "photosynthesis physics pills plaintiff planet plant plants plato play player playlist plumbing podcast "
    "points politics pregnancy president printer probate protein psychology pto queen rain rash reaction receta "
    "recette recht recipe recipes reformation reise religion remind reminder renaissance rent repair republic "
    "reservation restaurant revolution rewards rezept ribosome rice ricetta river roll rollover roman router "
    "routing salary salud salute santé sauce school seeds senate sepsis sew shareholder shareholders shopping "
    "shots sink sky slavery sleep snooze soccer sociology soil song soup soviet species spending spiega sport "
    "sports stain star statute stocks storia stroke student sun supply surgery symptom symptoms synapse table tax "
    "taxes taxi teacher team tectonic telescope tenant terminal thank thanks theology thyroid tide timer tire "
    "tires todo toilet tomato tomatoes tort trademark train transaction transactions transfer travel treaty tree "
    "trip tumor turn uber umbrella university utilitarian vacation vaccine vacuum vegetarian viaggio viaje viking "
    "virus visa vitamin volcano volume voyage war warfarin warum wash weather whisper why wife wifi wittgenstein "
    "woodworking workout you врач закон здоровье история объясни почему рецепт"
)

TOPICS = {
    "code": CODING,
    "maths": MATHS,
    "figures": FIGURES,
    "plans": PLANS,
    "digests": DIGESTS,
    "texts": TEXTS,
    "life": LIFE,
}

_TOPICS_OF = {
    word: tuple(place for place, words in enumerate(TOPICS.values()) if word in words)
    for word in frozenset().union(*TOPICS.values())
}
_LISTED = frozenset(_TOPICS_OF)


def topics_among(seen: set[str]) -> list[int]:
    """Return how many of the words seen are in each of TOPICS, in its order."""
    found = [0] * len(TOPICS)
    for word in _LISTED & seen:
        for topic in _TOPICS_OF[word]:
            found[topic] += 1
    return found
